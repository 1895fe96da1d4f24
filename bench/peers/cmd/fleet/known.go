package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
)

const (
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	clusterType  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	endpointType = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	viewType     = "type.googleapis.com/fairlead.node.v1.ServiceView"
)

// known is what the clients learned: a resource of one name has one version on every node of this cluster.
type known struct {
	mu sync.RWMutex
	// Type URL to name to version.
	versions map[string]map[string]string
	digests  []byte
}

func newKnown() *known {
	return &known{versions: map[string]map[string]string{}}
}

func (k *known) learn(typeURL, name, version string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.versions[typeURL] == nil {
		k.versions[typeURL] = map[string]string{}
	}
	k.versions[typeURL][name] = version
}

func (k *known) of(typeURL string) map[string]string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.versions[typeURL]
}

// viewDigests is `Known.digests` of the views: about one bucket for 16 of them, at least 64 (docs/design/fleet.md).
func (k *known) viewDigests() (digests []byte, buckets int) {
	views := k.of(viewType)
	buckets = 64
	for buckets < 4096 && buckets*16 < len(views) {
		buckets *= 2
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.digests == nil {
		k.digests = digestsOf(views, buckets)
	}
	return k.digests, buckets
}

func digestsOf(views map[string]string, buckets int) []byte {
	digests := make([]byte, 8*buckets)
	for name, version := range views {
		place := sha256.Sum256([]byte(name))
		bucket := int(binary.LittleEndian.Uint32(place[:4])) & (buckets - 1)
		content := sha256.Sum256([]byte(name + "\x00" + version))
		for i := range 8 {
			digests[8*bucket+i] ^= content[i]
		}
	}
	return digests
}

// nameOf is the name of all resources of a Service, as bench/lib/synthetic.ts gives it.
func nameOf(index int) string {
	host := index + 1
	return fmt.Sprintf("10.%d.%d.%d:80", 96+host>>16, host>>8&0xff, host&0xff)
}
