package main

import (
	"bytes"
	"context"

	"fairlead.dev/bench/peers/internal/wire"
	"google.golang.org/grpc"
)

// plan is what each stream sends and waits for.
type plan struct {
	requests [][]byte
	// Type URL of the probe; empty when there is none.
	probe string
	// Names by type URL: the stream is ready when each has come.
	awaited map[string][]string
}

// resourceID tells resources of all types apart.
type resourceID struct{ typeURL, name string }

func (p *plan) missing() map[resourceID]struct{} {
	missing := map[resourceID]struct{}{}
	for typeURL, names := range p.awaited {
		for _, name := range names {
			missing[resourceID{typeURL, name}] = struct{}{}
		}
	}
	return missing
}

type stream struct {
	load   *load
	plan   *plan
	node   string
	learns bool
}

// run sends the subscriptions and acknowledges until the context ends.
func (s *stream) run(ctx context.Context, conn *grpc.ClientConn, ready chan<- struct{}) error {
	description := &grpc.StreamDesc{StreamName: "DeltaAggregatedResources", ServerStreams: true, ClientStreams: true}
	client, err := conn.NewStream(ctx, description, wire.DeltaMethod, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	for i, request := range s.plan.requests {
		if i == 0 {
			request = append(wire.AppendNode(nil, s.node), request...)
		}
		if err := client.SendMsg(request); err != nil {
			return err
		}
	}
	return s.receive(client, ready)
}

func (s *stream) receive(client grpc.ClientStream, ready chan<- struct{}) error {
	var message []byte
	var parsed wire.Response
	missing := s.plan.missing()
	for {
		if err := client.RecvMsg(&message); err != nil {
			return err
		}
		if err := parsed.Read(message); err != nil {
			return err
		}
		if err := client.SendMsg(wire.Acknowledgement(parsed.TypeURL, parsed.Nonce)); err != nil {
			return err
		}
		s.count(&parsed)
		if len(missing) == 0 {
			continue
		}
		if err := s.arrived(&parsed, missing); err != nil {
			return err
		}
		if len(missing) == 0 {
			ready <- struct{}{}
		}
	}
}

// arrived takes what came off what is missing. A server may send a resource twice: endpoints follow their cluster.
func (s *stream) arrived(r *wire.Response, missing map[resourceID]struct{}) error {
	for _, resource := range r.Resources {
		name, version, err := wire.NameAndVersion(resource)
		if err != nil {
			return err
		}
		delete(missing, resourceID{string(r.TypeURL), name})
		if s.learns {
			s.load.learn(string(r.TypeURL), name, version)
		}
	}
	return nil
}

func (s *stream) count(r *wire.Response) {
	c := s.load.counters
	c.acks.Add(1)
	c.removed.Add(int64(r.Removed))
	if s.plan.probe == "" || !bytes.Equal(r.TypeURL, []byte(s.plan.probe)) {
		for _, resource := range r.Resources {
			c.resourceBytes.Add(int64(len(resource)))
		}
		c.resources.Add(int64(len(r.Resources)))
	}
	c.responses.Add(1)
	select {
	case s.load.moved <- struct{}{}:
	default:
	}
}
