package loader

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Journal keeps the newest state of some work in a file, in two slots that are written in turn: a power cut during a write
// spoils the older state, never the newer one. A state counts only if its hash holds and it belongs to the same work.
//
//	offset  size
//	0       8   magic "EDGEJRNL"
//	8       4   format, 1
//	12      4   0
//	16      8   bytes of a slot, a multiple of 4096
//	24      32  SHA-256 of the work: model, data, options
//	56      32  SHA-256 of bytes 0 to 55
//	4096        slot 0
//	4096 + slot slot 1
//
// and a slot, whose bytes after the payload count for nothing,
//
//	0       8   sequence number, from 1 on: the larger is the newer
//	8       8   bytes of the payload
//	16      32  SHA-256 of the work, of bytes 0 to 15 and of the payload
//	48          payload
//
// Numbers are little-endian. One process at a time uses a journal: where the system has locks on files, another is refused.
type Journal struct {
	f       *os.File
	work    [sha256.Size]byte
	slot    int64
	next    uint64 // sequence number
	written int64
}

const (
	journalMagic  = "EDGEJRNL"
	journalHead   = 4096
	journalFormat = 1
	slotHead      = 16 + sha256.Size
)

// MaxJournalPayload bounds what a journal holds.
const MaxJournalPayload = 1 << 30

// OpenJournal opens the journal at path for the work with that hash, and returns the newest state that it has of it, nil
// if none. A journal of other work, or for payloads of less than size bytes, is replaced by an empty one, and so is one
// that is damaged; any other file is left as it is.
func OpenJournal(path string, work [sha256.Size]byte, size int) (*Journal, []byte, error) {
	if size < 0 || size > MaxJournalPayload {
		return nil, nil, fmt.Errorf("%s: loader: journal for %d bytes, the limit is %d", path, size, MaxJournalPayload)
	}
	j := &Journal{work: work, slot: (int64(size) + slotHead + 4095) &^ 4095, next: 1}
	payload, err := j.resume(path)
	if err == nil && payload != nil {
		return j, payload, nil
	}
	if j.f != nil {
		j.f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	// The file is made as one, so that its head is never half there.
	err = WriteAtomic(path, func(w io.Writer) error {
		_, err := w.Write(append(j.head(), make([]byte, journalHead-len(j.head()))...))
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if err := j.open(path); err != nil {
		if j.f != nil {
			j.f.Close()
		}
		return nil, nil, err
	}
	return j, nil, nil
}

// open opens and locks the file.
func (j *Journal) open(path string) (err error) {
	if j.f, err = os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0); err != nil {
		return err
	}
	if err := lockFile(j.f); err != nil {
		return fmt.Errorf("%s: is in use by another process: %w", path, err)
	}
	return nil
}

func (j *Journal) head() []byte {
	b := append([]byte(journalMagic), journalFormat, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(j.slot))
	b = append(b, j.work[:]...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// resume opens an existing journal. Without an error, a nil payload says that there is none to go on from.
func (j *Journal) resume(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkRegular(path, st); err != nil {
		return nil, err
	}
	if err := j.open(path); err != nil {
		return nil, err
	}
	head := make([]byte, len(j.head()))
	if _, err := io.ReadFull(j.f, head); err != nil || !bytes.HasPrefix(head, []byte(journalMagic)) {
		if st.Size() == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: is no journal: remove it, or choose another file", path)
	}
	if !bytes.Equal(head, j.head()) {
		return nil, nil
	}
	payload, sequence := newest(j.f, st.Size(), j.slot, j.work)
	j.next = sequence + 1
	return payload, nil
}

// newest returns the newest state that a journal of that many bytes holds.
func newest(f io.ReaderAt, size, slot int64, work [sha256.Size]byte) (payload []byte, sequence uint64) {
	for i := range int64(2) {
		var head [slotHead]byte
		at := journalHead + i*slot
		if _, err := f.ReadAt(head[:], at); err != nil {
			continue
		}
		s, n := binary.LittleEndian.Uint64(head[:]), binary.LittleEndian.Uint64(head[8:])
		// Slot 0 takes odd sequence numbers.
		if s%2 != uint64(1-i) || s == 0 || s <= sequence || n > uint64(slot-slotHead) || at+slotHead+int64(n) > size {
			continue
		}
		b := make([]byte, n)
		if _, err := f.ReadAt(b, at+slotHead); err != nil {
			continue
		}
		if sum := slotSum(work, head[:16], b); bytes.Equal(sum[:], head[16:]) {
			payload, sequence = b, s
		}
	}
	return payload, sequence
}

func slotSum(work [sha256.Size]byte, head, payload []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(work[:])
	h.Write(head)
	h.Write(payload)
	h.Sum(sum[:0])
	return sum
}

// Write puts a state in the older one's place and waits until the disk has it.
func (j *Journal) Write(payload []byte) error {
	if int64(len(payload)) > j.slot-slotHead {
		return fmt.Errorf("loader: journal: state of %d bytes, slots hold %d", len(payload), j.slot-slotHead)
	}
	var head [slotHead]byte
	binary.LittleEndian.PutUint64(head[:], j.next)
	binary.LittleEndian.PutUint64(head[8:], uint64(len(payload)))
	sum := slotSum(j.work, head[:16], payload)
	copy(head[16:], sum[:])
	at := journalHead + int64((j.next+1)%2)*j.slot
	if _, err := j.f.WriteAt(head[:], at); err != nil {
		return err
	}
	if _, err := j.f.WriteAt(payload, at+slotHead); err != nil {
		return err
	}
	if err := j.f.Sync(); err != nil {
		return err
	}
	j.next++
	j.written += int64(slotHead + len(payload))
	return nil
}

// Written is how many bytes Write has written since the journal was opened.
func (j *Journal) Written() int64 { return j.written }

// Close closes the file, which stays.
func (j *Journal) Close() error { return j.f.Close() }

// Remove closes and removes the file.
func (j *Journal) Remove() error {
	return errors.Join(j.f.Close(), os.Remove(j.f.Name()))
}
