package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"fairlead.dev/bench/peers/internal/wire"
	"google.golang.org/grpc"
)

// stats counts since the streams were opened.
type stats struct {
	// Milliseconds that the command took.
	Ms        float64 `json:"ms"`
	Responses int64   `json:"responses"`
	Acks      int64   `json:"acks"`
	// Resources of the subscribed types and their bytes on the wire; without the probe.
	Resources     int64 `json:"resources"`
	ResourceBytes int64 `json:"resource_bytes"`
	Removed       int64 `json:"removed"`
}

type counters struct {
	responses, acks, resources, resourceBytes, removed atomic.Int64
}

// load is the set of open streams.
type load struct {
	counters *counters
	cancel   context.CancelFunc
	conns    []*grpc.ClientConn
	failed   chan error
	// Holds something when a response came since it was last read.
	moved chan struct{}

	mu sync.Mutex
	// Type URL to name to version, from the first stream's responses.
	versions map[string]map[string]string
}

func newLoad() *load {
	return &load{counters: &counters{}, cancel: func() {}, versions: map[string]map[string]string{}}
}

func (l *load) open(cmd command) (stats, error) {
	start := time.Now()
	l.close()
	ctx, cancel := context.WithCancel(context.Background())
	l.counters, l.cancel = &counters{}, cancel
	l.failed, l.moved = make(chan error, cmd.Streams), make(chan struct{}, 1)
	ready := make(chan struct{}, cmd.Streams)
	plan := l.plan(cmd)
	for i := range cmd.Streams {
		conn, err := wire.Dial(cmd.Address, i)
		if err != nil {
			return stats{}, err
		}
		l.conns = append(l.conns, conn)
		s := &stream{load: l, plan: plan, node: fmt.Sprintf("node-%04d", i), learns: i == 0 && cmd.Probe == nil}
		go func() {
			if err := s.run(ctx, conn, ready); err != nil && ctx.Err() == nil {
				l.failed <- fmt.Errorf("stream %s: %w", s.node, err)
			}
		}()
	}
	for range cmd.Streams {
		select {
		case <-ready:
		case err := <-l.failed:
			return stats{}, err
		}
	}
	return l.since(start), nil
}

// plan is what every stream sends, encoded once.
func (l *load) plan(cmd command) *plan {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &plan{awaited: map[string][]string{}}
	for _, wanted := range cmd.Subscriptions {
		var known map[string]string
		if cmd.Probe != nil {
			known = l.versions[wanted.TypeURL]
		}
		p.requests = append(p.requests, wire.Subscription(wanted.TypeURL, wanted.Names, known))
		if cmd.Probe == nil {
			p.awaited[wanted.TypeURL] = wanted.Names
		}
	}
	if cmd.Probe != nil {
		p.probe = cmd.Probe.TypeURL
		p.requests = append(p.requests, wire.Subscription(cmd.Probe.TypeURL, cmd.Probe.Names, nil))
		p.awaited[cmd.Probe.TypeURL] = cmd.Probe.Names
	}
	return p
}

func (l *load) await(responses int64) (stats, error) {
	start := time.Now()
	for l.counters.responses.Load() < responses {
		select {
		case <-l.moved:
		case err := <-l.failed:
			return stats{}, err
		}
	}
	return l.since(start), nil
}

func (l *load) learn(typeURL, name, version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.versions[typeURL] == nil {
		l.versions[typeURL] = map[string]string{}
	}
	l.versions[typeURL][name] = version
}

func (l *load) stats() stats {
	c := l.counters
	return stats{
		Responses: c.responses.Load(), Acks: c.acks.Load(), Resources: c.resources.Load(),
		ResourceBytes: c.resourceBytes.Load(), Removed: c.removed.Load(),
	}
}

func (l *load) since(start time.Time) stats {
	result := l.stats()
	result.Ms = float64(time.Since(start).Microseconds()) / 1000
	return result
}

func (l *load) close() stats {
	l.cancel()
	for _, conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
	return l.stats()
}
