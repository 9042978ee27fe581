package collect

import "google.golang.org/protobuf/encoding/protowire"

// inner names a field of a message that is itself a field of an item.
type inner struct{ outer, field protowire.Number }

// What makes up most of an object and is read by nobody: who set which of its fields, and the images
// that a node has.
var (
	managedFields = inner{1, 17} // ObjectMeta is the first field of every object
	nodeImages    = inner{3, 8}
)

// drop takes a field out of an item before it is decoded, in place: decoding them would be most of the
// work, and nearly all of the garbage. What it cannot make sense of it leaves as it is, to the decoder.
func drop(item []byte, f inner) []byte {
	for at := 0; at < len(item); {
		num, typ, tag := protowire.ConsumeTag(item[at:])
		if tag < 0 {
			return item
		}
		n := protowire.ConsumeFieldValue(num, typ, item[at+tag:])
		if n < 0 {
			return item
		}
		end := at + tag + n
		if num != f.outer || typ != protowire.BytesType {
			at = end
			continue
		}
		message, _ := protowire.ConsumeBytes(item[at+tag:])
		kept := dropField(message, f.field)
		if kept == len(message) {
			at = end
			continue
		}
		// The length, as a number, may be shorter than before, never longer.
		short := append(protowire.AppendVarint(item[:at+tag], uint64(kept)), message[:kept]...)
		at = len(short)
		item = append(short, item[end:]...)
	}
	return item
}

// dropField moves the other fields of a message together and tells how long it is now.
func dropField(message []byte, field protowire.Number) int {
	kept := 0
	for at := 0; at < len(message); {
		num, _, n := protowire.ConsumeField(message[at:])
		if n < 0 {
			return kept + copy(message[kept:], message[at:])
		}
		if num != field {
			copy(message[kept:], message[at:at+n])
			kept += n
		}
		at += n
	}
	return kept
}
