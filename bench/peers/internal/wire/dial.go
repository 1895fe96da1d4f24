package wire

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// DeltaMethod is delta ADS.
	DeltaMethod = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
	// NodeMethod is the agents' own protocol (docs/design/fleet.md).
	NodeMethod = "/fairlead.node.v1.NodeDiscovery/StreamNode"
)

// Dial makes a connection as Envoy does: HTTP/2 windows of 16 MiB for the stream and 24 MiB for the connection
// (Envoy 1.36), which also keeps grpc-go from probing the bandwidth with pings that the server would have to answer.
func Dial(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(16<<20),
		grpc.WithInitialConnWindowSize(24<<20),
		grpc.WithReadBufferSize(8<<10),
		grpc.WithSharedWriteBuffer(true),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(RawCodec{}), grpc.MaxCallRecvMsgSize(256<<20)))
}
