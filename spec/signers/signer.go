package visualsnoop

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// Signature is the signature of a request, as base64.
func Signature(secretKey, method, path, date string) string {
	hash := hmac.New(sha1.New, []byte(strings.TrimSpace(secretKey)))
	hash.Write([]byte(strings.ToUpper(method) + "\n" + path + "\n" + date))
	return base64.StdEncoding.EncodeToString(hash.Sum(nil))
}

// Signer signs requests: the last editor of a client, given by WithRequestEditorFn.
func Signer(publicKey, secretKey string) RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		date := request.Header.Get("Date")
		if date == "" {
			date = time.Now().UTC().Format(http.TimeFormat)
		}
		signed := Signature(secretKey, request.Method, request.URL.EscapedPath(), date)
		request.Header.Set("Date", date)
		request.Header.Set("Authorization", "VSHMAC "+publicKey+":"+signed)
		request.Header.Set("X-Visualsnoop-Client-Version", "my-client/1.0")
		return nil
	}
}
