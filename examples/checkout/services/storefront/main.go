// Command storefront shows the shop in the theme that a customer picks.
//
// It is part of an example and has a weakness on purpose (see README.md): never run it.
package main

import (
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// themes is where the style sheets lie.
const themes = "/srv/themes"

func theme(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	sheet, err := os.ReadFile(filepath.Join(themes, name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	if _, err := w.Write(sheet); err != nil {
		log.Printf("theme: %v", err)
	}
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /theme.css", theme)
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
