package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"edgerun/loader"
	"edgerun/rt/finetune"
)

// interrupted marks work that was ended from outside; it says how to go on.
type interrupted struct{ error }

// checkpoint keeps what a tuning has learnt.
type checkpoint struct {
	t       *tuning
	w       io.Writer
	journal *loader.Journal // nil: none
	path    string
	buffer  []byte
	last    time.Time
	budget  int64
	reached *finetune.Progress // by the last step
}

// openCheckpoint opens the journal of a tuning and, where it holds what the same tuning had reached, goes on from there.
func (t *tuning) openCheckpoint(w io.Writer, out string, train, hold []int, run *finetune.Run) (*checkpoint, error) {
	o := t.options
	c := &checkpoint{t: t, w: w, path: o.checkpoint, last: time.Now(), budget: int64(o.checkpointMB) << 20}
	if c.path == "none" {
		if o.resume {
			return nil, usagef("--resume: there is no journal with --checkpoint none")
		}
		return c, nil
	}
	if c.path == "" {
		c.path = out + ".journal"
	}
	file, err := os.ReadFile(t.model.path)
	if err != nil {
		return nil, err
	}
	work, err := t.work(file, train, hold)
	if err != nil {
		return nil, err
	}
	if o.resume {
		if _, err := os.Stat(c.path); err != nil {
			return nil, fmt.Errorf("--resume: %w", err)
		}
	}
	size := t.tuner.StateBytes(run.Epochs)
	journal, state, err := loader.OpenJournal(c.path, work, size)
	if err != nil {
		return nil, err
	}
	c.journal, c.buffer = journal, make([]byte, 0, size)
	if state == nil {
		if o.resume {
			journal.Close()
			return nil, fmt.Errorf("--resume: %s: nothing of these samples, options and model to go on from", c.path)
		}
		return c, nil
	}
	if run.From, err = t.tuner.SetState(state); err != nil {
		journal.Close()
		return nil, fmt.Errorf("%s: %w", c.path, err)
	}
	c.reached = run.From
	fmt.Fprintf(w, "going on from %s, after %d epochs\n", c.path, len(run.From.Epochs))
	return c, nil
}

// save is called after each step: it writes what the budgets allow, and when the user wants an end, the last state.
func (c *checkpoint) save(ctx context.Context, p *finetune.Progress) error {
	c.reached = p
	if ctx.Err() != nil {
		return c.interrupt()
	}
	if c.journal == nil || time.Since(c.last).Seconds() < c.t.options.checkpointSeconds || c.journal.Written()+int64(cap(c.buffer)) > c.budget {
		return nil
	}
	if err := c.write(); err != nil { // training can do without
		fmt.Fprintf(c.w, "%s: %v; no more is saved\n", c.path, err)
		c.journal.Close()
		c.journal = nil
	}
	return nil
}

func (c *checkpoint) write() error {
	c.buffer = c.t.tuner.AppendState(c.buffer[:0], c.reached)
	c.last = time.Now()
	return c.journal.Write(c.buffer)
}

// interrupt saves what was reached and says how to go on.
func (c *checkpoint) interrupt() error {
	if c.journal == nil || c.reached == nil {
		return interrupted{errors.New("interrupted; nothing was saved")}
	}
	if err := c.write(); err != nil {
		return interrupted{fmt.Errorf("interrupted; %s could not be saved: %w", c.path, err)}
	}
	return interrupted{fmt.Errorf("interrupted after %d epochs; the same command goes on from %s", len(c.reached.Epochs), c.path)}
}

func (c *checkpoint) close() {
	if c.journal != nil {
		c.journal.Close()
	}
}

// remove ends the journal: its work is done.
func (c *checkpoint) remove() {
	if c.journal == nil {
		return
	}
	if err := c.journal.Remove(); err != nil {
		fmt.Fprintln(c.w, err)
	}
	c.journal = nil
}

// fitFailed words an error of training.
func (t *tuning) fitFailed(err error, c *checkpoint) error {
	if errors.As(err, new(interrupted)) {
		return err
	}
	if errors.Is(err, finetune.ErrDiverged) {
		c.remove()
		err = fmt.Errorf("%w: try a smaller --rate, or --clip 1", err)
	}
	return t.model.fail(err)
}
