package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// sharedFile returns the path of a model or data file that was made elsewhere and is not part of this project.
func sharedFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("../../../shared/data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("no " + path + " beside the project")
	}
	return path
}

func output(t *testing.T, c *cobra.Command, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	if err := c.ExecuteContext(context.Background()); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out.String()
}

// TestSpeech: the publisher's sounds, heard by one network step by step and understood by another, in two commands.
func TestSpeech(t *testing.T) {
	hears, understands := sharedFile(t, "tflm/audio_preprocessor_int8.tflite"), sharedFile(t, "tflm/micro_speech_int8.tflite")
	for sound, class := range map[string]string{"yes": "class 2", "no": "class 3", "silence": "class 0", "noise": "class 0"} {
		features := filepath.Join(t.TempDir(), sound+".npy")
		text := output(t, runCommand(), "--stream", "--hop", "320", hears, sharedFile(t, "tflm/"+sound+"_1000ms.wav"), "--output", features)
		if !strings.Contains(text, "the last 160 rows fill no window") {
			t.Errorf("%s: what is left over is not said: %.200s", sound, text)
		}
		if text := output(t, runCommand(), understands, features, "--top", "1"); !strings.Contains(text, "[0]:  "+class+" ") || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: %q, want one answer, %s", sound, text, class)
		}
	}
}

// TestKeywordAccuracy: a published network has its published accuracy, from its own codes.
func TestKeywordAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the importer's tests run all samples")
	}
	text := output(t, evalCommand(), sharedFile(t, "mlperf_tiny/kws_int8.tflite"), "--data", sharedFile(t, "kws01/inputs.npy"), "--labels", sharedFile(t, "kws01/labels.npy"))
	if !strings.Contains(text, " 90.10 % ") {
		t.Errorf("want 90.10 %% accuracy:\n%s", text)
	}
}

// TestPictureRows: a network that takes a picture row by row, [1 28 28], takes picture files.
func TestPictureRows(t *testing.T) {
	for _, form := range []string{"int8", "float"} {
		model := sharedFile(t, "tflm/mnist_lstm_"+form+".tflite")
		for digit := range 10 {
			d := string(rune('0' + digit))
			if text := output(t, runCommand(), model, sharedFile(t, "tflm/mnist_lstm_samples/"+d+".png"), "--top", "1"); !strings.Contains(text, ":  class "+d+" ") {
				t.Errorf("%s: %q, want class %s", form, text, d)
			}
		}
	}
}

// TestStateHint: who gives a long sequence to a network with state is told of --stream.
func TestStateHint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte(strings.Repeat("0,", 39)+"0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := runCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs([]string{sharedFile(t, "micro_wake_word/okay_nabu.tflite"), file})
	if err := c.ExecuteContext(context.Background()); err == nil || !strings.Contains(err.Error(), "--stream") {
		t.Errorf("error %v, want one that speaks of --stream", err)
	}
}
