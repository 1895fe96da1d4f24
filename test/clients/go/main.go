// Does the same requests with Go's net/http and prints a line for each answer. Arguments: http1 or h2c; the URL.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
)

type ask struct{ method, path, body string }

var asks = []ask{
	{"GET", "/plain?a=b&a=%20", ""},
	{"HEAD", "/plain", ""},
	{"POST", "/body", "text"},
	{"DELETE", "/body", "text"},
	{"PROPFIND", "/plain", ""},
	{"PURGE", "/plain", ""},
	{"GET", "/a%2Fb/../c//d", ""},
	{"GET", "/reason", ""},
	{"GET", "/status/204", ""},
	{"GET", "/status/503", ""},
	{"GET", "/early-hints", ""},
	{"GET", "/chunks", ""},
	{"GET", "/close", ""},
	{"GET", "/large", ""},
}

func main() {
	version, base := os.Args[1], os.Args[2]
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(version == "http1")
	transport.Protocols.SetUnencryptedHTTP2(version == "h2c")
	client := &http.Client{Transport: transport}
	for _, one := range asks {
		do(client, base, one)
	}
	withTrailers(client, base)
	if version == "http1" {
		upgrade(client, base)
	}
}

func do(client *http.Client, base string, one ask) {
	var hints []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(code, header.Get("Link")))
		return nil
	}}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), one.method, base+one.path, nil)
	check(err)
	if one.body != "" {
		request.Body = io.NopCloser(strings.NewReader(one.body)) // Of unknown length: sent in chunks.
	}
	show(one.method+" "+one.path, client, request, hints)
	if len(hints) > 0 {
		fmt.Println(hints)
	}
}

func withTrailers(client *http.Client, base string) {
	request, err := http.NewRequest("POST", base+"/trailers", io.NopCloser(strings.NewReader("text")))
	check(err)
	request.Trailer = http.Header{"X-Sum": {"6"}}
	show("POST /trailers", client, request, nil)
}

func show(what string, client *http.Client, request *http.Request, _ []string) {
	response, err := client.Do(request)
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	text := string(body)
	if len(text) > 200 {
		text = fmt.Sprint(len(text), " characters")
	}
	fmt.Println(what, response.Status, text, response.Trailer.Get("X-Sum"))
}

func upgrade(client *http.Client, base string) {
	request, err := http.NewRequest("GET", base+"/socket", nil)
	check(err)
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "websocket")
	request.Header.Set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
	request.Header.Set("Sec-WebSocket-Version", "13")
	response, err := client.Do(request)
	check(err)
	stream := response.Body.(io.ReadWriteCloser)
	_, err = stream.Write([]byte{0x81, 0x85, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'})
	check(err)
	frame := make([]byte, 7)
	_, err = io.ReadFull(bufio.NewReader(stream), frame)
	check(err)
	fmt.Println("WebSocket", response.Status, string(frame[2:]))
}

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}
