package consent

import (
	"regexp"
	"strings"
)

// open holds the wordings that leave a list of data open (B-04). Word limits
// keep "etc." from being found in "fetch" and "usw" in "Auswahl".
var open = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\betc\b\.?|\bet cetera\b`),
	regexp.MustCompile(`(?i)\bsuch as\b`),
	regexp.MustCompile(`(?i)\bfor (?:example|instance)\b`),
	regexp.MustCompile(`(?i)\be\.\s?g\b\.?|\beg\.`),
	regexp.MustCompile(`(?i)\bincluding(?:,)?\s+(?:but\s+)?(?:is\s+)?not\s+limited\s+to\b|\bincluding without limitation\b`),
	regexp.MustCompile(`(?i)\band (?:so on|so forth|the like|others|more|similar)\b`),
	regexp.MustCompile(`(?i)\bamong others\b|\bamongst others\b|\bor similar\b`),
	regexp.MustCompile(`…|\.\.\.`),
	regexp.MustCompile(`例如|比如|譬如|诸如|包括但不限于|包含但不限于|之类|以及其他|及其他|等等|等`),
}

// closed are words with 等 in which it does not mean "and so on".
var closed = strings.NewReplacer(
	"等级", "", "平等", "", "等于", "", "同等", "", "对等", "", "相等", "", "等待", "", "等候", "",
	"均等", "", "高等", "", "中等", "", "初等", "", "等效", "", "等分", "", "优等", "", "上等", "", "次等", "",
)

// openWord returns the first wording in s that leaves a list open.
func openWord(s string) (string, bool) {
	plain := closed.Replace(s)
	for _, re := range open {
		if w := re.FindString(plain); w != "" {
			return w, true
		}
	}
	return "", false
}
