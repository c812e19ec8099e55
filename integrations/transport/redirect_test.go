package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/headgate/headgate/integrations/transport"
)

func TestTokenStaysWithItsService(t *testing.T) {
	var got []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprint(r.Header["Authorization"], r.Header["Cookie"], r.Header["X-Api-Key"], r.Header["Referer"], len(body)))
		http.Error(w, "expired", http.StatusForbidden)
	}))
	defer other.Close()
	var own []string
	s := serve(t, transport.Options{}, func(w http.ResponseWriter, r *http.Request) {
		own = append(own, r.Header.Get("Authorization"))
		http.Redirect(w, r, other.URL+"/artifact?sig=signed", http.StatusFound)
	})
	req, err := http.NewRequest("GET", s.url, strings.NewReader("for the service alone"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer of the caller")
	req.Header.Set("Cookie", "session=1")
	req.Header.Set("X-Api-Key", "1")
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(own, []string{token}) {
		t.Errorf("the service got %q", own)
	}
	if !slices.Equal(got, []string{"[] [] [] [] 0"}) {
		t.Errorf("the other server got %q", got)
	}
	if res.Request.Header.Get("Authorization") == token || strings.Contains(res.Request.URL.String(), "sig=") {
		t.Errorf("the answer tells of %v with %v", res.Request.URL, res.Request.Header)
	}
}

func TestTokenOfTheCallerIsNotSent(t *testing.T) {
	var got []string
	s := serve(t, transport.Options{Authorization: map[string]string{"https://elsewhere.example": token}}, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header["Authorization"]...)
	})
	req, err := http.NewRequest("GET", strings.Replace(s.url, "http://", "http://user:password@", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer of the caller")
	if _, err := s.Client().Do(req); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRedirects(t *testing.T) {
	to := func(code int, where string) http.HandlerFunc { return status(code, "", "Location", where) }
	for name, c := range map[string]struct {
		method string
		first  http.HandlerFunc
		wrong  string // in the error; "" if it is followed
	}{
		"a read within the service":      {"GET", to(301, "/renamed"), ""},
		"a write within the service":     {"POST", to(307, "/renamed"), ""},
		"a write that becomes a read":    {"PATCH", to(301, "/renamed"), "a write is redirected"},
		"a write to another server":      {"POST", to(307, "https://elsewhere.example/"), "a write is redirected"},
		"a read to a server by http":     {"GET", to(302, "http://elsewhere.example/"), "off https"},
		"a read to a file":               {"GET", to(302, "file:///etc/passwd"), "redirected to what is no address"},
		"a read to another kind of link": {"GET", to(302, "gopher://elsewhere.example"), "off https"},
		"a read to nothing":              {"GET", to(302, "https://[::1"), "redirected to what is no address"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, transport.Options{}, c.first, status(200, ""))
			_, _, err := s.do(t, c.method, "body")
			if c.wrong == "" && (err != nil || s.seen()[1] != c.method+" /renamed body") {
				t.Errorf("got %v, %q", err, s.seen())
			}
			if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || len(s.seen()) != 1) {
				t.Errorf("got %v after %d requests", err, len(s.seen()))
			}
		})
	}
	evil := serve(t, transport.Options{}, to(307, "https://elsewhere.example/%1b[31m%0a::error::x"))
	if _, _, err := evil.do(t, "POST", "body"); err == nil || strings.ContainsFunc(err.Error(), unicode.IsControl) {
		t.Errorf("what a redirect names is in the error as it is: %q", err)
	}
	s := serve(t, transport.Options{}, to(302, "/again"))
	if _, _, err := s.do(t, "GET", ""); err == nil || len(s.seen()) != 6 {
		t.Errorf("in a circle: %v after %d requests", err, len(s.seen()))
	}
}

func TestTokenIsRefusedWhereItCouldBeRead(t *testing.T) {
	for address, header := range map[string]string{
		"http://jira.example": token, "not an address": token, "": token, "https://api.github.com": token + "\nX-Evil: 1", "ftp://x": token,
	} {
		_, err := transport.New(transport.Options{Authorization: map[string]string{address: header}})
		if err == nil {
			t.Errorf("%q: no error", address)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the token is in the error: %v", address, err)
		}
	}
}
