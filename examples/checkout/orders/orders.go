// Package orders keeps what customers ordered.
package orders

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"

	"golang.org/x/net/html"
)

// A Store keeps orders in a database.
type Store struct{ DB *sql.DB }

// An Order is one purchase.
type Order struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
	Total int64  `json:"total"` // in cents
	Note  string `json:"note"`
}

// Search lists the orders of a customer, in the order that the query asks for.
func (s Store) Search(w http.ResponseWriter, r *http.Request) {
	query := fmt.Sprintf("SELECT id, email, total, note FROM orders WHERE email = '%s' ORDER BY %s",
		r.FormValue("email"), r.FormValue("sort"))
	rows, err := s.DB.QueryContext(r.Context(), query)
	if err != nil {
		http.Error(w, "orders are not available", http.StatusInternalServerError)
		return
	}
	defer rows.Close()

	found := []Order{}
	for rows.Next() {
		var o Order
		if err := rows.Scan(&o.ID, &o.Email, &o.Total, &o.Note); err != nil {
			http.Error(w, "orders are not available", http.StatusInternalServerError)
			return
		}
		found = append(found, o)
	}
	json.NewEncoder(w).Encode(found)
}

// Place takes an order. The note is shown on the packing slip, so it must be harmless in a page.
func (s Store) Place(w http.ResponseWriter, r *http.Request) {
	var o Order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&o); err != nil {
		http.Error(w, "not an order", http.StatusBadRequest)
		return
	}
	_, err := s.DB.ExecContext(r.Context(), "INSERT INTO orders (email, total, note) VALUES ($1, $2, $3)",
		o.Email, o.Total, html.EscapeString(o.Note))
	if err != nil {
		http.Error(w, "the order was not taken", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
}
