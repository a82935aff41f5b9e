package frontend

import (
	"fmt"
	"strconv"

	"edgerun/kernels/fixed"
)

// Kinds of front end for signals: sound, or series of sensors.
const (
	KindWindow     = "window"     // samples as they are, or cut into frames
	KindSTFT       = "stft"       // spectra of frames
	KindLogMel     = "logmel"     // their energies in bands of the mel scale
	KindMFCC       = "mfcc"       // mel-frequency cepstral coefficients
	KindStatistics = "statistics" // mean, deviation and the like of frames
)

// Layouts of a signal's features.
const (
	TimeMajor    = "time-major"    // [1, frames, features]; what "" stands for
	FeatureMajor = "feature-major" // [1, features, frames]
)

// Paddings of a signal. PadReflect and PadZero put the middle of frame i at sample i·Hop.
const (
	PadReflect = "reflect" // FFT/2 mirrored samples at each end: torch.stft's center, librosa before 0.10
	PadZero    = "zero"    // FFT/2 zeros at each end: librosa's center since 0.10
	PadEnd     = "end"     // zeros behind, for Length/Hop frames rounded up: tf.signal.stft's pad_end
)

// Places of a window in an FFT longer than it.
const (
	AlignMiddle = "middle" // a frame takes FFT samples of the signal, the window is in their middle: torch and librosa
	AlignStart  = "start"  // a frame takes Frame samples, zeros follow: tf.signal.stft
)

// Windows, periodic unless Symmetric.
const (
	WindowRectangular = "rectangular"
	WindowHann        = "hann"
	WindowHamming     = "hamming"
	WindowBlackman    = "blackman"
)

// Mel scales and shapes of their bands.
const (
	MelHTK    = "htk"    // ln(1 + f/700)
	MelSlaney = "slaney" // linear below 1 kHz, logarithmic above; as MelNorm: bands of equal area in Hz
	SlopesHz  = "hz"     // triangles over frequency: librosa and torchaudio
	SlopesMel = "mel"    // triangles over the mel scale: TensorFlow
)

// Logarithms.
const (
	LogNone = "none"
	LogE    = "ln"
	Log10   = "log10"
	LogDB   = "db" // 10·log10 of powers, 20·log10 of magnitudes
)

// Scalings of MFCC's DCT-II.
const (
	DCTOrtho = "ortho" // orthonormal: librosa and torchaudio; what "" stands for
	DCTHTK   = "htk"   // coefficient 0 is √2 times as large: tf.signal.mfccs_from_log_mel_spectrograms
)

// Signal describes how the kinds for signals go from samples to features:
//
//	samples ─PreEmphasis, Padding▶ frames ─Window─┬─▶ window
//	                                              ├─▶ statistics
//	                                              └─FFT, Power▶ stft ─Mels▶ logmel ─DCT, Lifter▶ mfcc
//
// stft, logmel and mfcc take the logarithm Log of their energies. A feature v then becomes (v·Scale − Mean)/Std, with
// one mean and one deviation for all or for each feature of a frame. With several channels, a frame's features are
// those of channel 0, then of channel 1, and so on.
type Signal struct {
	SampleRate  int     `json:"sampleRate,omitempty"`  // samples a second; 0: unknown, only for window and statistics
	Length      int     `json:"length,omitempty"`      // samples of one input and channel: a longer signal is cut, zeros follow a shorter one
	PreEmphasis float64 `json:"preEmphasis,omitempty"` // α in x[t] − α·x[t−1]; x[0] stays

	Frame     int    `json:"frame,omitempty"` // samples of a window: win_length, frame_length. 0: 1 for window, Length for statistics
	Hop       int    `json:"hop,omitempty"`   // from frame to frame: hop_length, frame_step. 0 stands for Frame, for window and statistics
	FFT       int    `json:"fft,omitempty"`   // n_fft, fft_length; no prime factor above 7
	Padding   string `json:"padding,omitempty"`
	Align     string `json:"align,omitempty"`  // "": AlignMiddle with PadReflect and PadZero, else AlignStart
	Window    string `json:"window,omitempty"` // "": WindowHann for stft, logmel and mfcc, else WindowRectangular
	Symmetric bool   `json:"symmetric,omitempty"`
	Power     int    `json:"power,omitempty"` // 1 magnitudes, 2 their squares

	Mels      int     `json:"mels,omitempty"`
	LowHz     float64 `json:"lowHz,omitempty"`
	HighHz    float64 `json:"highHz,omitempty"` // 0 stands for SampleRate/2
	MelScale  string  `json:"melScale,omitempty"`
	MelNorm   string  `json:"melNorm,omitempty"`   // "" or MelSlaney
	MelSlopes string  `json:"melSlopes,omitempty"` // "" stands for SlopesHz

	Log    string  `json:"log,omitempty"`    // log(max(x + Offset, Floor)); "" is LogNone, for stft only
	Offset float64 `json:"offset,omitempty"` // ≥ 0
	Floor  float64 `json:"floor,omitempty"`  // ≥ 0: amin
	RefMax bool    `json:"refMax,omitempty"` // relative to the input's largest: librosa's ref=np.max
	TopDB  float64 `json:"topDB,omitempty"`  // what lies further below the input's largest is raised to that; 0: nothing

	Coefficients int    `json:"coefficients,omitempty"` // n_mfcc
	DCT          string `json:"dct,omitempty"`
	Lifter       int    `json:"lifter,omitempty"` // L: coefficient k times 1 + L/2·sin(π(k+1)/L); 0: none
}

// Limits of a signal and its features, in elements.
const (
	maxSamples  = 1 << 24
	maxFeatures = 1 << 24
	maxFrame    = 1 << 20
)

// Signals reports whether the front end takes signals.
func (s Spec) Signals() bool { return isSignal(s.Kind) }

func isSignal(kind string) bool {
	return kind == KindWindow || kind == KindStatistics || isSpectral(kind)
}

func isSpectral(kind string) bool { return kind == KindSTFT || hasMels(kind) }

func hasMels(kind string) bool { return kind == KindLogMel || kind == KindMFCC }

// foreign returns the name of a field that is set and that the kind does not use, or "".
func (s *Spec) foreign() string {
	picture, signal, spectral := s.Kind == KindPicture, isSignal(s.Kind), isSpectral(s.Kind)
	mels, mfcc := hasMels(s.Kind), s.Kind == KindMFCC
	tokens, numbers := s.Kind == KindTokens, s.Kind != KindNone && s.Kind != KindTokens
	for _, f := range []struct {
		name      string
		set, used bool
	}{
		{"width", s.Width != 0, picture}, {"height", s.Height != 0, picture}, {"resize", s.Resize != "", picture},
		{"pad", s.Pad != 0, picture}, {"crop", s.Crop != 0, picture}, {"order", s.Order != "", picture}, {"layout", s.Layout != "", picture || signal},
		{"channels", s.Channels != 0, numbers}, {"scale", s.Scale != 0, numbers},
		{"mean", len(s.Mean) > 0, numbers}, {"std", len(s.Std) > 0, numbers},
		{"sampleRate", s.SampleRate != 0, signal}, {"length", s.Length != 0, signal}, {"preEmphasis", s.PreEmphasis != 0, signal},
		{"frame", s.Frame != 0, signal}, {"hop", s.Hop != 0, signal}, {"window", s.Window != "", signal && s.Kind != KindStatistics},
		{"symmetric", s.Symmetric, signal && s.Kind != KindStatistics},
		{"padding", s.Padding != "", spectral}, {"align", s.Align != "", spectral}, {"fft", s.FFT != 0, spectral}, {"power", s.Power != 0, spectral},
		{"log", s.Log != "", spectral}, {"offset", s.Offset != 0, spectral}, {"floor", s.Floor != 0, spectral},
		{"refMax", s.RefMax, spectral}, {"topDB", s.TopDB != 0, spectral},
		{"mels", s.Mels != 0, mels}, {"lowHz", s.LowHz != 0, mels}, {"highHz", s.HighHz != 0, mels}, {"melScale", s.MelScale != "", mels},
		{"melNorm", s.MelNorm != "", mels}, {"melSlopes", s.MelSlopes != "", mels},
		{"coefficients", s.Coefficients != 0, mfcc}, {"dct", s.DCT != "", mfcc}, {"lifter", s.Lifter != 0, mfcc},
		{"statistics", len(s.Statistics) > 0, s.Kind == KindStatistics},
		{"tokenizer", s.Tokenizer != "", tokens}, {"vocabulary", len(s.Vocabulary) > 0, tokens}, {"lowerCase", s.LowerCase, tokens},
		{"punctuation", s.Punctuation, tokens}, {"unknownToken", s.UnknownToken != "", tokens}, {"startToken", s.StartToken != "", tokens}, {"endToken", s.EndToken != "", tokens},
		{"padToken", s.PadToken != "", tokens}, {"maxTokens", s.MaxTokens != 0, tokens},
	} {
		if f.set && !f.used {
			return f.name
		}
	}
	return ""
}

// filled is s with what its zero values stand for.
func (s Spec) filled() Spec {
	s.Channels = max(s.Channels, 1)
	switch {
	case isSpectral(s.Kind):
		if s.Align == "" {
			s.Align = AlignStart
			if s.centred() {
				s.Align = AlignMiddle
			}
		}
		if s.Window == "" {
			s.Window = WindowHann
		}
		if s.Log == "" {
			s.Log = LogNone
		}
	case s.Kind == KindStatistics && s.Frame == 0:
		s.Frame = s.Length
	case s.Frame == 0:
		s.Frame = 1
	}
	if s.Hop == 0 {
		s.Hop = s.Frame
	}
	if s.Window == "" {
		s.Window = WindowRectangular
	}
	if s.HighHz == 0 {
		s.HighHz = float64(s.SampleRate) / 2
	}
	return s
}

func (s *Spec) centred() bool { return s.Padding == PadReflect || s.Padding == PadZero }

// span is how many samples of the padded signal a frame takes. s must be filled.
func (s *Spec) span() int {
	if s.Align == AlignMiddle {
		return s.FFT
	}
	return s.Frame
}

// padded returns how many samples stand before a signal's own and how many there are then. s must be filled.
func (s *Spec) padded() (before, total int) {
	switch {
	case s.centred():
		return s.FFT / 2, s.Length + 2*(s.FFT/2)
	case s.Padding == PadEnd:
		return 0, max((s.Length+s.Hop-1)/s.Hop*s.Hop-s.Hop+s.span(), s.Length)
	}
	return 0, s.Length
}

// frames is the number of frames of an input. s must be filled.
func (s *Spec) frames() int {
	_, total := s.padded()
	return (total-s.span())/s.Hop + 1
}

// width is how many features a frame of one channel has. s must be filled.
func (s *Spec) width() int {
	switch s.Kind {
	case KindSTFT:
		return s.FFT/2 + 1
	case KindLogMel:
		return s.Mels
	case KindMFCC:
		return s.Coefficients
	case KindStatistics:
		return len(s.Statistics)
	}
	return s.Frame
}

// oneOf reports a value that is none of those wanted.
func oneOf(field, got string, wanted ...string) error {
	for _, w := range wanted {
		if got == w {
			return nil
		}
	}
	return fmt.Errorf("frontend: %s %q unknown; wanted one of %q", field, got, wanted)
}

// within reports a number outside [low, high].
func within(field string, got, low, high float64) error {
	if !(got >= low && got <= high) {
		return fmt.Errorf("frontend: %s %v; wanted %v to %v", field, plain(got), plain(low), plain(high))
	}
	return nil
}

// plain writes a number without an exponent where it is whole.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s Spec) checkSignal() error {
	rate := 1.0
	if s.Kind == KindWindow || s.Kind == KindStatistics {
		rate = 0
	}
	if err := first(
		within("sampleRate", float64(s.SampleRate), rate, 1<<24),
		within("channels", float64(s.Channels), 0, 1<<10),
		within("length", float64(s.Length), 1, float64(maxSamples/max(s.Channels, 1))),
		within("preEmphasis", s.PreEmphasis, -1, 1),
		oneOf("layout", s.Layout, "", TimeMajor, FeatureMajor),
		within("frame", float64(s.Frame), 0, maxSamples),
		within("hop", float64(s.Hop), 0, maxSamples),
		oneOf("window", s.Window, "", WindowRectangular, WindowHann, WindowHamming, WindowBlackman),
	); err != nil {
		return err
	}
	if isSpectral(s.Kind) {
		if err := s.checkSpectral(); err != nil {
			return err
		}
	}
	if s.Kind == KindStatistics {
		if len(s.Statistics) == 0 {
			return fmt.Errorf("frontend: no statistics; wanted some of %q", statisticNames())
		}
		for _, name := range s.Statistics {
			if err := oneOf("statistic", name, statisticNames()...); err != nil {
				return err
			}
		}
	}
	f := s.filled()
	before, total := f.padded()
	switch span := f.span(); {
	case s.Padding == PadReflect && before >= s.Length:
		return fmt.Errorf("frontend: %d samples mirrored at each end of %d; wanted fewer than there are", before, s.Length)
	case span > total:
		return fmt.Errorf("frontend: frames of %d samples in inputs of %d; wanted no longer ones", span, total)
	}
	frames, features := f.frames(), max(f.width(), f.Mels)*f.Channels
	if frames > maxFeatures/features {
		return fmt.Errorf("frontend: %d frames of %d features; wanted at most %d in all", frames, features, maxFeatures)
	}
	return nil
}

func (s *Spec) checkSpectral() error {
	highest := float64(s.SampleRate) / 2
	if err := first(
		within("frame", float64(s.Frame), 1, maxFrame),
		within("hop", float64(s.Hop), 1, maxSamples),
		within("fft", float64(s.FFT), float64(s.Frame), maxFrame),
		oneOf("padding", s.Padding, "", PadReflect, PadZero, PadEnd),
		oneOf("align", s.Align, "", AlignMiddle, AlignStart),
		within("power", float64(s.Power), 1, 2),
		within("offset", s.Offset, 0, 1e30),
		within("floor", s.Floor, 0, 1e30),
		within("topDB", s.TopDB, 0, 1e6),
	); err != nil {
		return err
	}
	if !fixed.SpectrumFits(s.FFT) {
		return fmt.Errorf("frontend: fft %d; wanted a number without prime factors above 7, such as a power of two", s.FFT)
	}
	if s.centred() && s.Align == AlignStart {
		return fmt.Errorf("frontend: padding %q puts windows in the middle; align %q does not", s.Padding, s.Align)
	}
	logs := []string{LogNone, LogE, Log10, LogDB}
	if s.Kind == KindSTFT {
		logs = append(logs, "")
	}
	if err := oneOf("log", s.Log, logs...); err != nil {
		return err
	}
	if s.Log == LogNone || s.Log == "" {
		if s.Offset != 0 || s.Floor != 0 || s.RefMax || s.TopDB != 0 {
			return fmt.Errorf("frontend: offset, floor, refMax and topDB are for a log")
		}
	} else if s.Offset < minPower && s.Floor < minPower {
		return fmt.Errorf("frontend: log of silence; wanted an offset or a floor of at least %g", minPower)
	}
	if s.TopDB != 0 && s.Log != LogDB {
		return fmt.Errorf("frontend: topDB is for log %q", LogDB)
	}
	if !hasMels(s.Kind) {
		return nil
	}
	if err := first(
		within("mels", float64(s.Mels), 1, 1<<12),
		within("lowHz", s.LowHz, 0, highest),
		within("highHz", s.HighHz, 0, highest),
		oneOf("melScale", s.MelScale, MelHTK, MelSlaney),
		oneOf("melNorm", s.MelNorm, "", MelSlaney),
		oneOf("melSlopes", s.MelSlopes, "", SlopesHz, SlopesMel),
	); err != nil {
		return err
	}
	if high := s.filled().HighHz; s.LowHz >= high {
		return fmt.Errorf("frontend: lowHz %g; wanted less than highHz, %g", s.LowHz, high)
	}
	if s.Kind != KindMFCC {
		return nil
	}
	return first(
		within("coefficients", float64(s.Coefficients), 1, float64(s.Mels)),
		oneOf("dct", s.DCT, "", DCTOrtho, DCTHTK),
		within("lifter", float64(s.Lifter), 0, 1<<12),
	)
}

// minPower is the least offset or floor of a logarithm: the smallest normal float32.
const minPower = 0x1p-126
