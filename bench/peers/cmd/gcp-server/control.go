package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
)

// ackCounter counts the acknowledgements that the server has read, and tells when a number of them is reached.
type ackCounter struct {
	acks    atomic.Int64
	nacks   atomic.Int64
	streams atomic.Int64

	mu     sync.Mutex
	target int64
	done   chan struct{}
}

func (a *ackCounter) callbacks() server.Callbacks {
	return server.CallbackFuncs{
		DeltaStreamOpenFunc: func(context.Context, int64, string) error {
			a.streams.Add(1)
			return nil
		},
		StreamDeltaRequestFunc: func(_ int64, request *discovery.DeltaDiscoveryRequest) error {
			a.count(request)
			return nil
		},
	}
}

func (a *ackCounter) count(request *discovery.DeltaDiscoveryRequest) {
	if request.GetResponseNonce() == "" {
		return
	}
	if request.GetErrorDetail() != nil {
		a.nacks.Add(1)
		return
	}
	count := a.acks.Add(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done != nil && count >= a.target {
		close(a.done)
		a.done = nil
	}
}

// after returns a channel that is closed when n more acknowledgements were read.
func (a *ackCounter) after(n int64) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	done := make(chan struct{})
	if n == 0 {
		close(done)
		return done
	}
	a.target, a.done = a.acks.Load()+n, done
	return done
}

// control answers POST /change?name=NAME&acks=N (one endpoint changes; answers when N acknowledgements came back) and
// GET /report.
func control(store *store, acks *ackCounter) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /change", func(w http.ResponseWriter, r *http.Request) {
		expected, err := strconv.ParseInt(r.FormValue("acks"), 10, 64)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		elapsed, err := change(r.Context(), store, acks, r.FormValue("name"), expected)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, map[string]float64{"ms": float64(elapsed.Microseconds()) / 1000})
	})
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]int64{"acks": acks.acks.Load(), "nacks": acks.nacks.Load(), "streams": acks.streams.Load()})
	})
	return mux
}

func change(ctx context.Context, store *store, acks *ackCounter, name string, expected int64) (time.Duration, error) {
	next, err := store.nextAssignment(name)
	if err != nil {
		return 0, err
	}
	done := acks.after(expected)
	start := time.Now()
	if err := store.put(name, next); err != nil {
		return 0, err
	}
	select {
	case <-done:
		return time.Since(start), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
