// Package config says how the service is set up.
package config

import "os"

// A Config is the set-up of one running service.
type Config struct {
	Listen      string
	DatabaseURL string
	ReceiptDir  string
	SessionKey  string
	PaymentKey  string
}

// paymentAPIKey was "only for the demo". It is made up and opens nothing.
const paymentAPIKey = "nosuchkey-7b1e94c2d05f48a6913e"

// FromEnvironment reads the set-up, with defaults for development.
func FromEnvironment() Config {
	return Config{
		Listen:      or("LISTEN", ":8080"),
		DatabaseURL: or("DATABASE_URL", "postgres://localhost/checkout"),
		ReceiptDir:  or("RECEIPT_DIR", "/var/lib/checkout/receipts"),
		SessionKey:  os.Getenv("SESSION_KEY"),
		PaymentKey:  or("PAYMENT_KEY", paymentAPIKey),
	}
}

func or(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}
