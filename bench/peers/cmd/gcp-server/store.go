package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	_ "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"

	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// store holds one LinearCache per type URL.
type store struct {
	caches map[string]*cache.LinearCache

	mu      sync.Mutex
	changes uint32
	// What was changed, so that a change does not pay for the copy that LinearCache.GetResources makes.
	changed map[string]*endpoint.ClusterLoadAssignment
}

func loadStore(path string) (*store, error) {
	byType, err := readResources(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	loaded := &store{caches: make(map[string]*cache.LinearCache, len(byType)), changed: map[string]*endpoint.ClusterLoadAssignment{}}
	for typeURL, resources := range byType {
		loaded.caches[typeURL] = cache.NewLinearCache(typeURL, cache.WithInitialResources(resources))
	}
	return loaded, nil
}

func readResources(path string) (map[string]map[string]types.Resource, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<20)
	byType := map[string]map[string]types.Resource{}
	for {
		var packed anypb.Any
		if err := protodelim.UnmarshalFrom(reader, &packed); errors.Is(err, io.EOF) {
			return byType, nil
		} else if err != nil {
			return nil, err
		}
		message, err := packed.UnmarshalNew()
		if err != nil {
			return nil, err
		}
		resources := byType[packed.GetTypeUrl()]
		if resources == nil {
			resources = map[string]types.Resource{}
			byType[packed.GetTypeUrl()] = resources
		}
		resources[cache.GetResourceName(message)] = message
	}
}

func (s *store) cache() cache.Cache {
	caches := make(map[string]cache.Cache, len(s.caches))
	for typeURL, linear := range s.caches {
		caches[typeURL] = linear
	}
	return &cache.MuxCache{
		Classify:      func(request *cache.Request) string { return request.GetTypeUrl() },
		ClassifyDelta: func(request *cache.DeltaRequest) string { return request.GetTypeUrl() },
		Caches:        caches,
	}
}

// nextAssignment is the named ClusterLoadAssignment with its first endpoint at an address it never had.
func (s *store) nextAssignment(name string) (*endpoint.ClusterLoadAssignment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.current(name)
	if err != nil {
		return nil, err
	}
	next := proto.Clone(current).(*endpoint.ClusterLoadAssignment)
	s.changes++
	address := next.GetEndpoints()[0].GetLbEndpoints()[0].GetEndpoint().GetAddress()
	address.GetSocketAddress().Address = fmt.Sprintf("10.255.%d.%d", s.changes>>8&0xff, s.changes&0xff)
	s.changed[name] = next
	return next, nil
}

func (s *store) current(name string) (*endpoint.ClusterLoadAssignment, error) {
	if known := s.changed[name]; known != nil {
		return known, nil
	}
	linear := s.caches[resource.EndpointType]
	if linear == nil {
		return nil, errors.New("no ClusterLoadAssignments are loaded")
	}
	current, ok := linear.GetResources()[name].(*endpoint.ClusterLoadAssignment)
	if !ok {
		return nil, fmt.Errorf("no ClusterLoadAssignment %q", name)
	}
	return current, nil
}

func (s *store) put(name string, assignment *endpoint.ClusterLoadAssignment) error {
	return s.caches[resource.EndpointType].UpdateResource(name, assignment)
}
