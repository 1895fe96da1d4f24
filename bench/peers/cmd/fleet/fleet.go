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
	Ms            float64 `json:"ms"`
	Responses     int64   `json:"responses"`
	Resources     int64   `json:"resources"`
	ResourceBytes int64   `json:"resource_bytes"`
	RequestBytes  int64   `json:"request_bytes"`
	Removed       int64   `json:"removed"`
	StaleBuckets  int64   `json:"stale_bucket_bytes"`
}

type counters struct {
	responses, resources, resourceBytes, requestBytes, removed, staleBuckets atomic.Int64
}

func (c *counters) stats() stats {
	return stats{
		Responses: c.responses.Load(), Resources: c.resources.Load(), ResourceBytes: c.resourceBytes.Load(),
		RequestBytes: c.requestBytes.Load(), Removed: c.removed.Load(), StaleBuckets: c.staleBuckets.Load(),
	}
}

func (c *counters) count(r *wire.Response) {
	c.responses.Add(1)
	if string(r.TypeURL) == listenerType {
		// A returning Envoy asks for it as if it did not have it, to learn when everything before was dealt with.
		return
	}
	c.removed.Add(int64(r.Removed))
	c.staleBuckets.Add(int64(r.StaleBuckets))
	c.resources.Add(int64(len(r.Resources)))
	bytes := 0
	for _, resource := range r.Resources {
		bytes += len(resource)
	}
	c.resourceBytes.Add(int64(bytes))
}

// fleet is the nodes and what their clients learned.
type fleet struct {
	shape    command
	counters *counters
	cancel   context.CancelFunc
	conns    []*grpc.ClientConn
	envoys   []*stream
	failed   chan error
	known    *known
	closing  sync.WaitGroup
}

func newFleet() *fleet {
	return &fleet{counters: &counters{}, cancel: func() {}, known: newKnown()}
}

func (f *fleet) open(cmd command) (stats, error) {
	f.shape = cmd
	f.known = newKnown()
	return f.connect(false)
}

func (f *fleet) returnAll(addresses []string) (stats, error) {
	f.close()
	f.shape.Addresses = addresses
	return f.connect(true)
}

// connect opens every stream and waits until each is ready.
func (f *fleet) connect(returning bool) (stats, error) {
	start := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	f.counters, f.cancel, f.envoys = &counters{}, cancel, nil
	f.failed = make(chan error, 2*f.shape.Nodes)
	ready := make(chan struct{}, 2*f.shape.Nodes)
	streams := 0
	for i := range f.shape.Nodes {
		for _, s := range f.streamsOf(i, returning) {
			conn, err := wire.Dial(f.shape.Addresses[i%len(f.shape.Addresses)], i)
			if err != nil {
				return stats{}, err
			}
			f.conns = append(f.conns, conn)
			streams++
			f.closing.Add(1)
			go func() {
				defer f.closing.Done()
				if err := s.run(ctx, conn, ready); err != nil && ctx.Err() == nil {
					f.failed <- fmt.Errorf("%s of %s: %w", s.plan.kind, s.node, err)
				}
			}()
		}
	}
	for range streams {
		select {
		case <-ready:
		case err := <-f.failed:
			return stats{}, err
		}
	}
	result := f.counters.stats()
	result.Ms = float64(time.Since(start).Microseconds()) / 1000
	return result, nil
}

func (f *fleet) streamsOf(index int, returning bool) []*stream {
	var streams []*stream
	node := fmt.Sprintf("node-%d", index)
	if f.shape.Envoys {
		s := newStream(f, node, envoyPlan(f.used(index), f.known, returning))
		f.envoys = append(f.envoys, s)
		streams = append(streams, s)
	}
	if f.shape.Agents {
		// All nodes hold the same views here, so one learns for all.
		s := newStream(f, node, agentPlan(f.known, returning))
		s.learnsViews = index == 0 && !returning
		streams = append(streams, s)
	}
	return streams
}

// used are the indexes of the Services that the pods of a node use, spread over all of them.
func (f *fleet) used(node int) []int {
	indexes := make([]int, f.shape.Used)
	for k := range indexes {
		indexes[k] = (node*7 + k*(f.shape.Services/f.shape.Used)) % f.shape.Services
	}
	return indexes
}

func (f *fleet) close() stats {
	f.cancel()
	for _, conn := range f.conns {
		conn.Close()
	}
	f.conns = nil
	f.closing.Wait()
	return f.counters.stats()
}
