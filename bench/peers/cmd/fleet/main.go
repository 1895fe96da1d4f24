// Command fleet plays the nodes of a large cluster in one process: each has an Envoy (a delta ADS stream that asks for the
// listeners and for the clusters and endpoints of the Services that its pods use) and an agent (a node discovery stream that holds the view of
// every Service), each on a TCP connection of its own. It acknowledges every response at once, reads one command a line from
// standard input and answers each with one line of JSON:
//
//	{"op":"open","addresses":[A,...],"nodes":N,"services":S,"used":U,"envoys":true,"agents":true}
//	    opens the streams, node i at address i modulo their number; answers when each holds everything that it asked for.
//	{"op":"return","addresses":[A,...]}
//	    closes all streams and opens them again with what was learned; answers when each was answered.
//	{"op":"probe","rate":R,"seconds":T}
//	    R times a second a random node asks for a cluster that it does not hold; answers with the times until it came.
//	{"op":"stats"}
//	{"op":"close"}
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
)

type command struct {
	Op        string   `json:"op"`
	Addresses []string `json:"addresses"`
	Nodes     int      `json:"nodes"`
	Services  int      `json:"services"`
	Used      int      `json:"used"`
	Envoys    bool     `json:"envoys"`
	Agents    bool     `json:"agents"`
	Rate      int      `json:"rate"`
	Seconds   int      `json:"seconds"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	f := newFleet()
	for input.Scan() {
		answer, err := handle(f, input.Bytes())
		if err != nil {
			log.Fatalf("fleet: %v", err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
			log.Fatalf("fleet: %v", err)
		}
	}
}

func handle(f *fleet, line []byte) (any, error) {
	var cmd command
	if err := json.Unmarshal(line, &cmd); err != nil {
		return nil, err
	}
	switch cmd.Op {
	case "open":
		return f.open(cmd)
	case "return":
		return f.returnAll(cmd.Addresses)
	case "probe":
		return f.probe(cmd.Rate, cmd.Seconds)
	case "stats":
		return f.counters.stats(), nil
	case "close":
		return f.close(), nil
	default:
		return nil, fmt.Errorf("unknown command %q", cmd.Op)
	}
}
