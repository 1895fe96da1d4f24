package main

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"time"
)

// answers are the times until on-demand clusters came, in milliseconds.
type answers struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// probe lets random nodes ask for clusters that they do not hold, so many a second.
func (f *fleet) probe(rate, seconds int) (answers, error) {
	total := rate * seconds
	came := make(chan time.Duration, total)
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for range total {
		<-ticker.C
		// Used Services have indexes of a few residues; an address beyond the Services does not exist, so any of them will do.
		index := rand.IntN(f.shape.Services)
		if err := f.envoys[rand.IntN(len(f.envoys))].ask(nameOf(index), came); err != nil {
			return answers{}, fmt.Errorf("ask for a cluster: %w", err)
		}
	}
	times := make([]float64, 0, total)
	for range total {
		select {
		case took := <-came:
			times = append(times, float64(took.Microseconds())/1000)
		case err := <-f.failed:
			return answers{}, err
		case <-time.After(time.Minute):
			return answers{}, fmt.Errorf("only %d of %d clusters came within a minute", len(times), total)
		}
	}
	sort.Float64s(times)
	at := func(share float64) float64 { return times[min(len(times)-1, int(share*float64(len(times))))] }
	return answers{Count: len(times), P50: at(0.5), P99: at(0.99), Max: times[len(times)-1]}, nil
}
