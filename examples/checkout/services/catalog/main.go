// Command catalog lists what the shop sells. It is part of an example.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"time"
)

// A Product is one thing for sale.
type Product struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Price int64  `json:"price"` // in cents
}

var products = []Product{{"mug", "Mug", 990}, {"shirt", "Shirt", 2490}}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(products); err != nil {
			log.Printf("products: %v", err)
		}
	})
	server := &http.Server{Addr: ":8081", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
