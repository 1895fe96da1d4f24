// Command gcp-server is the peer that Fairlead's controller is measured against: an ADS server on go-control-plane
// with one LinearCache per resource type behind a MuxCache, the shape its documentation recommends for one set of
// resources shared by a fleet. It serves the resources of a file, so that both servers hold the same content.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// The options of go-control-plane's own example server, which is what its users copy.
func grpcOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxConcurrentStreams(1_000_000),
		grpc.MaxRecvMsgSize(64 << 20),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 5 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 30 * time.Second, PermitWithoutStream: true}),
	}
}

func main() {
	resources := flag.String("resources", "", "file of length-delimited google.protobuf.Any")
	flag.Parse()
	store, err := loadStore(*resources)
	if err != nil {
		log.Fatalf("gcp-server: %v", err)
	}
	if err := serve(store); err != nil {
		log.Fatalf("gcp-server: %v", err)
	}
}

func serve(store *store) error {
	acks := &ackCounter{}
	grpcServer := grpc.NewServer(grpcOptions()...)
	xds := server.NewServer(context.Background(), store.cache(), acks.callbacks())
	discovery.RegisterAggregatedDiscoveryServiceServer(grpcServer, xds)

	xdsListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	controlListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { log.Fatal(http.Serve(controlListener, control(store, acks))) }()
	ready := map[string]string{"xds": xdsListener.Addr().String(), "control": controlListener.Addr().String()}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return fmt.Errorf("tell the addresses: %w", err)
	}
	return grpcServer.Serve(xdsListener)
}
