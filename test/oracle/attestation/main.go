// An independent judge of attestation documents: reads one JSON object a line
// {"document": base64, "root": base64 DER, "atMs": n} and writes {"accepted": bool, "ms": n}.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"os"
	"time"

	"github.com/hf/nitrite"
)

type question struct {
	Document []byte `json:"document"`
	Root     []byte `json:"root"`
	AtMs     int64  `json:"atMs"`
}

type answer struct {
	Accepted bool    `json:"accepted"`
	Ms       float64 `json:"ms"`
}

func judge(q question) (accepted bool) {
	// A crash of the judge is no acceptance.
	defer func() {
		if recover() != nil {
			accepted = false
		}
	}()
	root, err := x509.ParseCertificate(q.Root)
	if err != nil {
		return false
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	result, err := nitrite.Verify(q.Document, nitrite.VerifyOptions{Roots: pool, CurrentTime: time.UnixMilli(q.AtMs)})
	return err == nil && result != nil && result.SignatureOK
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			panic(err)
		}
		start := time.Now()
		accepted := judge(q)
		if err := out.Encode(answer{accepted, float64(time.Since(start).Nanoseconds()) / 1e6}); err != nil {
			panic(err)
		}
	}
}
