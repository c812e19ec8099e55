// Package session lets in whoever has a valid token.
package session

import (
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// A Guard checks tokens that are signed with its key.
type Guard struct{ Key []byte }

// Require answers 401 unless the request carries a valid token.
func (g Guard) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := g.verify(r); err != nil {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g Guard) verify(r *http.Request) (*jwt.Token, error) {
	text := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return jwt.Parse(text, func(*jwt.Token) (any, error) { return g.Key, nil }, jwt.WithValidMethods([]string{"HS256"}))
}
