// Command checkout takes orders, charges cards and hands out receipts.
//
// It is an example to try Headgate on. It has weaknesses on purpose (README.md lists them): never run it.
package main

import (
	"database/sql"
	"log"
	"net/http"

	_ "github.com/jackc/pgx/v5/stdlib"

	"example.com/checkout/config"
	"example.com/checkout/orders"
	"example.com/checkout/receipts"
	"example.com/checkout/session"
)

func main() {
	cfg := config.FromEnvironment()
	db, err := sql.Open("pgx", cfg.DatabaseURL)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	guard := session.Guard{Key: []byte(cfg.SessionKey)}
	store := orders.Store{DB: db}
	shelf := receipts.Shelf{Dir: cfg.ReceiptDir}

	mux := http.NewServeMux()
	mux.Handle("GET /orders", guard.Require(http.HandlerFunc(store.Search)))
	mux.Handle("POST /orders", guard.Require(http.HandlerFunc(store.Place)))
	mux.Handle("GET /receipts", guard.Require(http.HandlerFunc(shelf.Download)))
	mux.Handle("POST /receipts/print", guard.Require(http.HandlerFunc(shelf.Print)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("ok\n")) // #nosec G104 -- a probe that hung up needs no answer
	})

	log.Printf("listening on %s", cfg.Listen)
	log.Fatal(http.ListenAndServe(cfg.Listen, mux))
}
