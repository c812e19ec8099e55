// Command mailer tells customers that their order is on its way. It is part of an example.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"time"
)

// A Notice is one message to a customer.
type Notice struct {
	Order int64  `json:"order"`
	Email string `json:"email"`
}

func main() {
	queue := make(chan Notice, 100)
	go func() {
		for n := range queue {
			log.Printf("order %d is on its way", n.Order)
		}
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notices", func(w http.ResponseWriter, r *http.Request) {
		var n Notice
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&n); err != nil {
			http.Error(w, "not a notice", http.StatusBadRequest)
			return
		}
		queue <- n
		w.WriteHeader(http.StatusAccepted)
	})
	server := &http.Server{Addr: ":8082", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
