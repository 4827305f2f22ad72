// A WASI preview 1 command as Go makes it (GOOS=wasip1 GOARCH=wasm go build -trimpath -ldflags=-s):
// the size of each of its files, what it may not do, and the length of its standard input.
package main

import (
	"io"
	"os"
	"sort"
	"strconv"
	"time"
)

func main() {
	entries, err := os.ReadDir("/")
	if err != nil {
		panic(err)
	}
	sort.Slice(entries, func(a, b int) bool { return entries[a].Name() < entries[b].Name() })
	answer := `{"files":{`
	for i, entry := range entries {
		content, err := os.ReadFile("/" + entry.Name())
		if err != nil {
			panic(err)
		}
		if i > 0 {
			answer += ","
		}
		answer += strconv.Quote(entry.Name()) + ":" + strconv.Itoa(len(content))
	}
	_, outside := os.ReadFile("/etc/passwd")
	_, above := os.ReadFile("../etc/passwd")
	written := os.WriteFile("/arguments.json", []byte("{}"), 0o600)
	made := os.Mkdir("/here", 0o700)
	removed := os.Remove("/arguments.json")
	start := time.Now()
	time.Sleep(time.Hour)
	slept := time.Since(start) >= time.Hour
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	refused := outside != nil && above != nil && written != nil && made != nil && removed != nil
	answer += `},"refused":` + strconv.FormatBool(refused) +
		`,"slept":` + strconv.FormatBool(slept) +
		`,"input":` + strconv.Itoa(len(input)) +
		`,"arguments":` + strconv.Itoa(len(os.Args)) +
		`,"environment":` + strconv.Itoa(len(os.Environ())) + "}"
	if _, err := os.Stdout.WriteString(answer); err != nil {
		panic(err)
	}
}
