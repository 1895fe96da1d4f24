package main

import (
	"context"
	"sync"
	"time"

	"fairlead.dev/bench/peers/internal/wire"
	"google.golang.org/grpc"
)

// plan is what a stream sends first, and when it counts as ready.
type plan struct {
	kind     string
	method   string
	requests [][]byte
	// Names of the endpoints that must have come.
	endpoints int
	// Type URL whose answer ends the wait of a returning Envoy.
	lastType string
	// The stream is ready with `complete`.
	byComplete bool
}

func envoyPlan(used []int, known *known, returning bool) *plan {
	names := make([]string, len(used))
	for i, index := range used {
		names[i] = nameOf(index)
	}
	p := &plan{kind: "Envoy", method: wire.DeltaMethod, endpoints: len(names)}
	for _, typeURL := range []string{clusterType, endpointType} {
		var versions map[string]string
		if returning {
			versions = known.of(typeURL)
		}
		p.requests = append(p.requests, wire.Subscription(typeURL, names, versions))
	}
	if returning {
		// A server answers a stream in order: what is asked for last tells that everything before was dealt with.
		p.endpoints, p.lastType = 0, listenerType
	}
	p.requests = append(p.requests, wire.Subscription(listenerType, []string{"tcp"}, nil))
	return p
}

func agentPlan(known *known, returning bool) *plan {
	request := wire.Subscription(viewType, []string{"*"}, nil)
	if returning {
		digests, buckets := known.viewDigests()
		request = wire.AppendKnown(request, digests, buckets)
	}
	return &plan{kind: "agent", method: wire.NodeMethod, requests: [][]byte{request}, byComplete: true}
}

type stream struct {
	fleet       *fleet
	node        string
	plan        *plan
	learnsViews bool

	mu     sync.Mutex
	client grpc.ClientStream
	// Clusters that were asked for on demand, and when.
	asked map[string]chan<- time.Duration
	since map[string]time.Time
}

func newStream(f *fleet, node string, p *plan) *stream {
	return &stream{fleet: f, node: node, plan: p}
}

func (s *stream) run(ctx context.Context, conn *grpc.ClientConn, ready chan<- struct{}) error {
	description := &grpc.StreamDesc{StreamName: s.plan.method, ServerStreams: true, ClientStreams: true}
	client, err := conn.NewStream(ctx, description, s.plan.method, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	s.client = client
	for i, request := range s.plan.requests {
		if i == 0 {
			request = append(wire.AppendNode(nil, s.node), request...)
		}
		s.fleet.counters.requestBytes.Add(int64(len(request)))
		if err := s.send(request); err != nil {
			return err
		}
	}
	return s.receive(client, ready)
}

func (s *stream) send(request []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client.SendMsg(request)
}

func (s *stream) receive(client grpc.ClientStream, ready chan<- struct{}) error {
	var message []byte
	var response wire.Response
	isReady := false
	missing := s.plan.endpoints
	for {
		if err := client.RecvMsg(&message); err != nil {
			return err
		}
		if err := response.Read(message); err != nil {
			return err
		}
		if err := s.send(wire.Acknowledgement(response.TypeURL, response.Nonce)); err != nil {
			return err
		}
		s.fleet.counters.count(&response)
		arrived, err := s.take(&response)
		if err != nil {
			return err
		}
		missing -= arrived
		if !isReady && s.readyWith(&response, missing) {
			isReady = true
			ready <- struct{}{}
		}
	}
}

func (s *stream) readyWith(r *wire.Response, missing int) bool {
	if s.plan.byComplete {
		return r.Complete
	}
	return missing <= 0 && (s.plan.lastType == "" || string(r.TypeURL) == s.plan.lastType)
}

// take learns versions and tells who waits for a cluster; it gives the number of endpoint resources.
func (s *stream) take(r *wire.Response) (endpoints int, err error) {
	typeURL := string(r.TypeURL)
	isEnvoys := !s.plan.byComplete
	if !isEnvoys && !s.learnsViews {
		return 0, nil
	}
	for _, resource := range r.Resources {
		name, version, err := wire.NameAndVersion(resource)
		if err != nil {
			return 0, err
		}
		if typeURL != listenerType {
			s.fleet.known.learn(typeURL, name, version)
		}
		if typeURL == endpointType {
			endpoints++
		}
		if typeURL == clusterType {
			s.answered(name)
		}
	}
	return endpoints, nil
}

// ask subscribes to a cluster; the time until it came goes to the channel.
func (s *stream) ask(name string, answer chan<- time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked, s.since = map[string]chan<- time.Duration{}, map[string]time.Time{}
	}
	s.asked[name], s.since[name] = answer, time.Now()
	return s.client.SendMsg(wire.Subscription(clusterType, []string{name}, nil))
}

func (s *stream) answered(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, ok := s.asked[name]
	if !ok {
		return
	}
	answer <- time.Since(s.since[name])
	delete(s.asked, name)
	delete(s.since, name)
}
