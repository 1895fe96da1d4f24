// Command xds-load plays many Envoys: each stream is a delta ADS stream on a TCP connection of its own, subscribes to
// the names it is told, and acknowledges each response at once. It reads one command a line from standard input and
// answers each with one line of JSON:
//
//	{"op":"open","address":A,"streams":N,"subscriptions":[{"type_url":T,"names":[...]}]}
//	    opens N streams; answers when each of them holds every name.
//	{"op":"reconnect", ...the same, "probe":{"type_url":T,"names":[...]}}
//	    the same names with the versions that were learned from earlier responses, as after the loss of a connection;
//	    answers when each stream got the probe, which it asks for last and which therefore is answered last.
//	{"op":"await","responses":N}  answers when N responses in all have come since the streams were opened.
//	{"op":"stats"}                answers at once.
//	{"op":"close"}                closes all streams.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
)

type subscribed struct {
	TypeURL string   `json:"type_url"`
	Names   []string `json:"names"`
}

type command struct {
	Op            string       `json:"op"`
	Address       string       `json:"address"`
	Streams       int          `json:"streams"`
	Subscriptions []subscribed `json:"subscriptions"`
	Probe         *subscribed  `json:"probe"`
	Responses     int64        `json:"responses"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	load := newLoad()
	for input.Scan() {
		if err := handle(load, input.Bytes()); err != nil {
			log.Fatalf("xds-load: %v", err)
		}
	}
}

func handle(load *load, line []byte) error {
	var cmd command
	if err := json.Unmarshal(line, &cmd); err != nil {
		return err
	}
	answer, err := run(load, cmd)
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Op, err)
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func run(load *load, cmd command) (stats, error) {
	switch cmd.Op {
	case "open", "reconnect":
		return load.open(cmd)
	case "await":
		return load.await(cmd.Responses)
	case "stats":
		return load.stats(), nil
	case "close":
		return load.close(), nil
	default:
		return stats{}, fmt.Errorf("unknown command")
	}
}
