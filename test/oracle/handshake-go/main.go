// A second peer of the elicitation handshake, by Go's standard library alone, written from
// docs/protocol.md. It speaks frames on its standard streams.
//
//	handshake-oracle client|node CLIENT_PEER_HEX NODE_PEER_HEX SEED_HEX
//
// As client it sends one request (deadline_ms 1234, a rekey in between) and prints the answer's text
// to standard error; as node it answers "from go" to a request whose signature holds.
package main

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func refuse(why string) {
	check(fmt.Errorf("%s", why))
}

// Frames: unsigned varint length, then the bytes.
var input = bufio.NewReader(os.Stdin)

func readFrame() []byte {
	length := must(binary.ReadUvarint(input))
	if length > 65536 {
		refuse("frame too long")
	}
	frame := make([]byte, length)
	must(io.ReadFull(input, frame))
	return frame
}

func writeFrame(frame []byte) {
	must(os.Stdout.Write(append(binary.AppendUvarint(nil, uint64(len(frame))), frame...)))
}

// Protobuf, as much as is needed.
func field(number int, data []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(number)<<3|2)
	return append(binary.AppendUvarint(out, uint64(len(data))), data...)
}

func number(index int, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(index)<<3), value)
}

type message struct {
	bytes   map[uint64][]byte
	numbers map[uint64]uint64
}

func parse(data []byte) message {
	m := message{map[uint64][]byte{}, map[uint64]uint64{}}
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		data = data[n:]
		value, n := binary.Uvarint(data)
		data = data[n:]
		switch tag & 7 {
		case 0:
			m.numbers[tag>>3] = value
		case 2:
			m.bytes[tag>>3] = data[:value]
			data = data[value:]
		default:
			refuse("wire type")
		}
	}
	return m
}

func lp(parts ...[]byte) []byte {
	var out []byte
	for _, part := range parts {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(part))), part...)
	}
	return out
}

func sha384(data []byte) []byte {
	sum := sha512.Sum384(data)
	return sum[:]
}

// X-Wing, draft-connolly-cfrg-xwing-kem.
func combine(ssM, ssX, ctX, pkX []byte) []byte {
	h := sha3.New256()
	for _, part := range [][]byte{ssM, ssX, ctX, pkX, []byte("\\.//^\\")} {
		h.Write(part)
	}
	return h.Sum(nil)
}

func encapsulate(public []byte) (shared, ciphertext []byte) {
	kem := must(mlkem.NewEncapsulationKey768(public[:1184]))
	ssM, ctM := kem.Encapsulate()
	peer := must(ecdh.X25519().NewPublicKey(public[1184:]))
	ephemeral := must(ecdh.X25519().GenerateKey(rand.Reader))
	ssX := must(ephemeral.ECDH(peer))
	ctX := ephemeral.PublicKey().Bytes()
	return combine(ssM, ssX, ctX, public[1184:]), append(ctM, ctX...)
}

// Records.
type direction struct {
	aead     cipher.AEAD
	iv, next []byte
	stream   uint64
	sequence uint64
}

func (d *direction) load(secret []byte, info string) {
	out := must(hkdf.Expand(sha512.New384, secret, info, 92))
	d.aead = must(cipher.NewGCM(must(aes.NewCipher(out[:32]))))
	d.iv, d.next, d.sequence = out[32:44], out[44:], 0
}

func (d *direction) parameters(kind byte) (nonce, aad []byte) {
	nonce = bytes.Clone(d.iv)
	var counter [12]byte
	binary.BigEndian.PutUint64(counter[4:], d.sequence)
	for i := range nonce {
		nonce[i] ^= counter[i]
	}
	aad = binary.BigEndian.AppendUint64(nil, d.stream)
	aad = append(binary.BigEndian.AppendUint64(aad, d.sequence), kind)
	d.sequence++
	return nonce, aad
}

func (d *direction) write(kind byte, plaintext []byte) {
	nonce, aad := d.parameters(kind)
	writeFrame(d.aead.Seal([]byte{kind}, nonce, plaintext, aad))
	if kind == 4 {
		d.load(d.next, "nmp-elicit/v1 rekey")
	}
}

func (d *direction) readMessage() []byte {
	var out []byte
	for {
		frame := readFrame()
		if len(frame) < 17 {
			refuse("refused: " + string(frame))
		}
		nonce, aad := d.parameters(frame[0])
		out = append(out, must(d.aead.Open(nil, nonce, frame[1:], aad))...)
		if frame[0] == 4 {
			d.load(d.next, "nmp-elicit/v1 rekey")
		}
		if frame[0] == 2 {
			return out
		}
	}
}

func secrets(shared, full []byte, stream uint64) (toNode, toClient *direction) {
	key := must(hkdf.Extract(sha512.New384, shared, full))
	make := func(label string) *direction {
		secret := must(hkdf.Expand(sha512.New384, key, label+string(full), 48))
		info := "nmp-elicit/v1 stream" + string(binary.BigEndian.AppendUint64(nil, stream))
		d := &direction{stream: stream}
		d.load(secret, info)
		return d
	}
	return make("nmp-elicit/v1 client to node"), make("nmp-elicit/v1 node to client")
}

// The order of M2's fields, without the attestation document.
func m2(token, public, statement []byte, ttl uint64, document []byte) []byte {
	out := append(number(1, 1), field(2, token)...)
	out = append(out, field(4, public)...)
	out = append(out, number(16, 1)...)
	if document != nil {
		out = append(out, field(17, document)...)
	}
	out = append(out, field(18, statement)...)
	return append(out, number(19, ttl)...)
}

func transcriptOf(m1, m2 []byte, clientPeer, nodePeer []byte) []byte {
	return sha384(lp([]byte("nmp-elicit/v1 transcript"), m1, m2, clientPeer, nodePeer))
}

func fullOf(transcript, ciphertext []byte) []byte {
	return sha384(lp([]byte("nmp-elicit/v1 ciphertext"), transcript, ciphertext))
}

func client(clientPeer, nodePeer []byte, identity ed25519.PrivateKey) {
	nonce := make([]byte, 32)
	must(rand.Read(nonce))
	m1 := append(append(field(1, []byte("did:nmp:go")), number(16, 1)...), field(17, nonce)...)
	writeFrame(m1)
	answer := parse(readFrame())
	public := answer.bytes[4]
	transcript := transcriptOf(m1, m2(answer.bytes[2], public, answer.bytes[18], answer.numbers[19], nil), clientPeer, nodePeer)
	// The test's NSM puts nonce and user data in place of a document.
	if !bytes.Equal(answer.bytes[17], append(bytes.Clone(nonce), transcript...)) {
		refuse("document is not bound to this exchange")
	}
	shared, ciphertext := encapsulate(public)
	full := fullOf(transcript, ciphertext)
	toNode, toClient := secrets(shared, full, 0)
	writeFrame(append(field(1, answer.bytes[2]), field(4, ciphertext)...))
	signature := ed25519.Sign(identity, lp([]byte("nmp-elicit/v1 client signature"), full))
	request := append(field(17, signature), number(20, 1234)...)
	toNode.write(1, request[:10])
	toNode.write(4, nil)
	toNode.write(2, request[10:])
	fmt.Fprint(os.Stderr, string(parse(toClient.readMessage()).bytes[1]))
}

func node(clientPeer, nodePeer []byte) {
	m1 := readFrame()
	kem := must(mlkem.GenerateKey768())
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))
	pkX := x25519.PublicKey().Bytes()
	public := append(kem.EncapsulationKey().Bytes(), pkX...)
	token, statement := []byte("Z28tdG9rZW4"), must(hex.DecodeString(os.Args[5]))
	transcript := transcriptOf(m1, m2(token, public, statement, 60, nil), clientPeer, nodePeer)
	document := append(bytes.Clone(parse(m1).bytes[17]), transcript...)
	writeFrame(m2(token, public, statement, 60, document))
	ciphertext := parse(readFrame()).bytes[4]
	ssM := must(kem.Decapsulate(ciphertext[:1088]))
	ssX := must(x25519.ECDH(must(ecdh.X25519().NewPublicKey(ciphertext[1088:]))))
	full := fullOf(transcript, ciphertext)
	toNode, toClient := secrets(combine(ssM, ssX, ciphertext[1088:], pkX), full, 0)
	request := parse(toNode.readMessage())
	// The key lies in the Peer ID (libp2p, identity multihash).
	signed := lp([]byte("nmp-elicit/v1 client signature"), full)
	if !ed25519.Verify(clientPeer[len(clientPeer)-32:], signed, request.bytes[17]) {
		refuse("client signature")
	}
	toClient.write(2, field(1, []byte("from go")))
	fmt.Fprint(os.Stderr, request.numbers[20])
}

func main() {
	clientPeer, nodePeer := must(hex.DecodeString(os.Args[2])), must(hex.DecodeString(os.Args[3]))
	if os.Args[1] == "client" {
		client(clientPeer, nodePeer, ed25519.NewKeyFromSeed(must(hex.DecodeString(os.Args[4]))))
	} else {
		node(clientPeer, nodePeer)
	}
}
