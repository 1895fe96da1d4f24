package main

import (
	"bytes"
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const deltaMethod = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"

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

// dial makes a connection as Envoy does: HTTP/2 windows of 16 MiB for the stream and 24 MiB for the connection
// (Envoy 1.36), which also keeps grpc-go from probing the bandwidth with pings that the server would have to answer.
func dial(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(16<<20),
		grpc.WithInitialConnWindowSize(24<<20),
		grpc.WithReadBufferSize(8<<10),
		grpc.WithSharedWriteBuffer(true),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{}), grpc.MaxCallRecvMsgSize(256<<20)))
}

// run sends the subscriptions and acknowledges until the context ends.
func (s *stream) run(ctx context.Context, conn *grpc.ClientConn, ready chan<- struct{}) error {
	description := &grpc.StreamDesc{StreamName: "DeltaAggregatedResources", ServerStreams: true, ClientStreams: true}
	client, err := conn.NewStream(ctx, description, deltaMethod, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	for i, request := range s.plan.requests {
		if i == 0 {
			request = append(appendNode(nil, s.node), request...)
		}
		if err := client.SendMsg(request); err != nil {
			return err
		}
	}
	return s.receive(client, ready)
}

func (s *stream) receive(client grpc.ClientStream, ready chan<- struct{}) error {
	var message []byte
	var parsed response
	missing := s.plan.missing()
	for {
		if err := client.RecvMsg(&message); err != nil {
			return err
		}
		if err := parsed.read(message); err != nil {
			return err
		}
		if err := client.SendMsg(acknowledgement(parsed.typeURL, parsed.nonce)); err != nil {
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
func (s *stream) arrived(r *response, missing map[resourceID]struct{}) error {
	for _, resource := range r.resources {
		name, version, err := nameAndVersion(resource)
		if err != nil {
			return err
		}
		delete(missing, resourceID{string(r.typeURL), name})
		if s.learns {
			s.load.learn(string(r.typeURL), name, version)
		}
	}
	return nil
}

func (s *stream) count(r *response) {
	c := s.load.counters
	c.acks.Add(1)
	c.removed.Add(int64(r.removed))
	if s.plan.probe == "" || !bytes.Equal(r.typeURL, []byte(s.plan.probe)) {
		for _, resource := range r.resources {
			c.resourceBytes.Add(int64(len(resource)))
		}
		c.resources.Add(int64(len(r.resources)))
	}
	c.responses.Add(1)
	select {
	case s.load.moved <- struct{}{}:
	default:
	}
}
