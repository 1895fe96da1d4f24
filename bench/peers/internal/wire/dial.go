package wire

import (
	"context"
	"net"

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
// The connection comes from an address of the loopback network that only this node has, as a server may limit what one peer
// takes.
func Dial(address string, node int) (*grpc.ClientConn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(1+node>>16), byte(node>>8), byte(node))}}
	return grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, target string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", target)
		}),
		grpc.WithInitialWindowSize(16<<20),
		grpc.WithInitialConnWindowSize(24<<20),
		grpc.WithReadBufferSize(8<<10),
		grpc.WithSharedWriteBuffer(true),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(RawCodec{}), grpc.MaxCallRecvMsgSize(256<<20)))
}
