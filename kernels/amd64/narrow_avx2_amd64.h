// NARROW8 packs 8 int32 of v, whose low half is x, to 8 int8 in the low half of x, saturating. Overwrites t.
#define NARROW8(v, x, t) \
	VEXTRACTI128 $1, v, t  \
	VPACKSSDW    t, x, x   \
	VPACKSSWB    x, x, x
