// Package wire reads and writes the few fields of the discovery messages that the load generators look at, so that
// they cost little beside the server that they measure.
package wire

import (
	"errors"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of envoy.service.discovery.v3.{DeltaDiscoveryRequest,DeltaDiscoveryResponse,Resource}. The client reads only
// these, so that it costs little beside the server that it measures.
const (
	requestNode            = 1
	requestTypeURL         = 2
	requestSubscribe       = 3
	requestInitialVersions = 5
	requestNonce           = 6

	responseResources = 2
	responseTypeURL   = 4
	responseNonce     = 5
	responseRemoved   = 6

	// Of fairlead.node.v1.NodeRequest and NodeResponse (protos/fairlead/node/v1/node.proto).
	requestKnown         = 100
	responseComplete     = 100
	responseStaleBuckets = 101

	resourceVersion = 1
	resourceName    = 3
)

// RawCodec passes messages as bytes.
type RawCodec struct{}

func (RawCodec) Name() string { return "proto" }

func (RawCodec) Marshal(v any) (mem.BufferSlice, error) {
	bytes, ok := v.([]byte)
	if !ok {
		return nil, errors.New("not bytes")
	}
	return mem.BufferSlice{mem.SliceBuffer(bytes)}, nil
}

func (RawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	target, ok := v.(*[]byte)
	if !ok {
		return errors.New("not a pointer to bytes")
	}
	*target = append((*target)[:0], data.Materialize()...)
	return nil
}

// AppendNode writes a Node with an id.
func AppendNode(out []byte, id string) []byte {
	node := AppendString(nil, 1, id)
	out = protowire.AppendTag(out, requestNode, protowire.BytesType)
	return protowire.AppendBytes(out, node)
}

func AppendString(out []byte, field protowire.Number, value string) []byte {
	out = protowire.AppendTag(out, field, protowire.BytesType)
	return protowire.AppendString(out, value)
}

// Subscription is a DeltaDiscoveryRequest without its node; versions may be nil.
func Subscription(typeURL string, names []string, versions map[string]string) []byte {
	out := AppendString(nil, requestTypeURL, typeURL)
	for _, name := range names {
		out = AppendString(out, requestSubscribe, name)
	}
	for _, name := range names {
		version, known := versions[name]
		if !known {
			continue
		}
		entry := AppendString(AppendString(nil, 1, name), 2, version)
		out = protowire.AppendTag(out, requestInitialVersions, protowire.BytesType)
		out = protowire.AppendBytes(out, entry)
	}
	return out
}

func Acknowledgement(typeURL, nonce []byte) []byte {
	out := make([]byte, 0, len(typeURL)+len(nonce)+8)
	out = protowire.AppendTag(out, requestTypeURL, protowire.BytesType)
	out = protowire.AppendBytes(out, typeURL)
	out = protowire.AppendTag(out, requestNonce, protowire.BytesType)
	return protowire.AppendBytes(out, nonce)
}

// Response is what the client reads of a DeltaDiscoveryResponse; its slices point into the message.
type Response struct {
	TypeURL   []byte
	Nonce     []byte
	Resources [][]byte
	Removed   int
	// Of node discovery: everything that existed when the stream asked was sent.
	Complete bool
	// Of node discovery: bytes of the packed numbers of stale buckets.
	StaleBuckets int
}

// Read parses a DeltaDiscoveryResponse or a NodeResponse.
func (r *Response) Read(message []byte) error {
	*r = Response{Resources: r.Resources[:0]}
	r.Complete = isComplete(message)
	return EachField(message, func(field protowire.Number, value []byte) {
		switch field {
		case responseResources:
			r.Resources = append(r.Resources, value)
		case responseTypeURL:
			r.TypeURL = value
		case responseNonce:
			r.Nonce = value
		case responseRemoved:
			r.Removed++
		case responseStaleBuckets:
			r.StaleBuckets += len(value)
		}
	})
}

func NameAndVersion(resource []byte) (name, version string, err error) {
	err = EachField(resource, func(field protowire.Number, value []byte) {
		switch field {
		case resourceName:
			name = string(value)
		case resourceVersion:
			version = string(value)
		}
	})
	return name, version, err
}

// EachField calls visit for each length-delimited field.
func EachField(message []byte, visit func(protowire.Number, []byte)) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if kind != protowire.BytesType {
			n = protowire.ConsumeFieldValue(field, kind, message)
			if n < 0 {
				return protowire.ParseError(n)
			}
			message = message[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		visit(field, value)
		message = message[n:]
	}
	return nil
}

// isComplete tells whether the varint field `complete` of a NodeResponse is set; another response has no such field.
func isComplete(message []byte) bool {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		if field == responseComplete && kind == protowire.VarintType {
			value, _ := protowire.ConsumeVarint(message)
			return value != 0
		}
		n = protowire.ConsumeFieldValue(field, kind, message)
		if n < 0 {
			return false
		}
		message = message[n:]
	}
	return false
}

// AppendKnown writes what a returning agent has: `fairlead.node.v1.Known`.
func AppendKnown(out []byte, digests []byte, buckets int) []byte {
	known := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(buckets))
	known = protowire.AppendBytes(protowire.AppendTag(known, 2, protowire.BytesType), digests)
	out = protowire.AppendTag(out, requestKnown, protowire.BytesType)
	return protowire.AppendBytes(out, known)
}
