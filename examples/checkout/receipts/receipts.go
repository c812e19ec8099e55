// Package receipts hands out and prints receipts.
package receipts

import (
	"crypto/md5"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// A Shelf is a folder of receipts.
type Shelf struct{ Dir string }

// Download sends the receipt that the request names.
func (s Shelf) Download(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("file")
	f, err := os.Open(filepath.Join(s.Dir, name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()

	sum := md5.New()
	if _, err := io.Copy(sum, f); err != nil {
		http.Error(w, "the receipt cannot be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprintf("%x", sum.Sum(nil))))
	f.Seek(0, io.SeekStart)
	io.Copy(w, f)
}

// Print sends a receipt to the printer that the request names.
func (s Shelf) Print(w http.ResponseWriter, r *http.Request) {
	line := fmt.Sprintf("lp -d %s %s/%s", r.FormValue("printer"), s.Dir, r.FormValue("file"))
	out, err := exec.CommandContext(r.Context(), "sh", "-c", line).CombinedOutput()
	if err != nil {
		http.Error(w, string(out), http.StatusBadGateway)
		return
	}
	w.Write(out)
}
