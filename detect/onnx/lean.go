package onnx

import (
	"fmt"

	"bystander/internal/ort"
)

// leanYuNet has the four heads of each stride computed as one.
func leanYuNet(model []byte) ([]byte, error) {
	var heads [][]string
	for _, s := range strides {
		heads = append(heads, []string{
			fmt.Sprintf("cls_%d", s), fmt.Sprintf("obj_%d", s), fmt.Sprintf("bbox_%d", s), fmt.Sprintf("kps_%d", s),
		})
	}
	return ort.JoinHeads(model, heads...)
}

// leanYOLOX leaves out every class but the first, which is "person", and the
// regrouping of the input's samples.
func leanYOLOX(model []byte) ([]byte, error) {
	model, err := ort.Narrow(model, yoloxOutput, yoloxPerson+1)
	if err != nil {
		return nil, err
	}
	return ort.FoldFocus(model)
}
