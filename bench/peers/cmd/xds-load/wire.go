package main

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

	resourceVersion = 1
	resourceName    = 3
)

// rawCodec passes messages as bytes.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	bytes, ok := v.([]byte)
	if !ok {
		return nil, errors.New("not bytes")
	}
	return mem.BufferSlice{mem.SliceBuffer(bytes)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	target, ok := v.(*[]byte)
	if !ok {
		return errors.New("not a pointer to bytes")
	}
	*target = append((*target)[:0], data.Materialize()...)
	return nil
}

// appendNode writes a Node with an id.
func appendNode(out []byte, id string) []byte {
	node := appendString(nil, 1, id)
	out = protowire.AppendTag(out, requestNode, protowire.BytesType)
	return protowire.AppendBytes(out, node)
}

func appendString(out []byte, field protowire.Number, value string) []byte {
	out = protowire.AppendTag(out, field, protowire.BytesType)
	return protowire.AppendString(out, value)
}

// subscription is a DeltaDiscoveryRequest without its node; versions may be nil.
func subscription(typeURL string, names []string, versions map[string]string) []byte {
	out := appendString(nil, requestTypeURL, typeURL)
	for _, name := range names {
		out = appendString(out, requestSubscribe, name)
	}
	for _, name := range names {
		version, known := versions[name]
		if !known {
			continue
		}
		entry := appendString(appendString(nil, 1, name), 2, version)
		out = protowire.AppendTag(out, requestInitialVersions, protowire.BytesType)
		out = protowire.AppendBytes(out, entry)
	}
	return out
}

func acknowledgement(typeURL, nonce []byte) []byte {
	out := make([]byte, 0, len(typeURL)+len(nonce)+8)
	out = protowire.AppendTag(out, requestTypeURL, protowire.BytesType)
	out = protowire.AppendBytes(out, typeURL)
	out = protowire.AppendTag(out, requestNonce, protowire.BytesType)
	return protowire.AppendBytes(out, nonce)
}

// response is what the client reads of a DeltaDiscoveryResponse; its slices point into the message.
type response struct {
	typeURL   []byte
	nonce     []byte
	resources [][]byte
	removed   int
}

func (r *response) read(message []byte) error {
	r.typeURL, r.nonce, r.resources, r.removed = nil, nil, r.resources[:0], 0
	return eachField(message, func(field protowire.Number, value []byte) {
		switch field {
		case responseResources:
			r.resources = append(r.resources, value)
		case responseTypeURL:
			r.typeURL = value
		case responseNonce:
			r.nonce = value
		case responseRemoved:
			r.removed++
		}
	})
}

func nameAndVersion(resource []byte) (name, version string, err error) {
	err = eachField(resource, func(field protowire.Number, value []byte) {
		switch field {
		case resourceName:
			name = string(value)
		case resourceVersion:
			version = string(value)
		}
	})
	return name, version, err
}

// eachField calls visit for each length-delimited field.
func eachField(message []byte, visit func(protowire.Number, []byte)) error {
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
