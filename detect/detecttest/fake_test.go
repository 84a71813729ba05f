package detecttest_test

import (
	"testing"

	"bystander/detect"
	"bystander/detect/detecttest"
)

func TestFakeConforms(t *testing.T) {
	t.Run("faces", func(t *testing.T) {
		detecttest.Faces(t, func(testing.TB) detect.FaceDetector { return &detecttest.Fake{} })
	})
	t.Run("persons", func(t *testing.T) {
		detecttest.Persons(t, func(testing.TB) detect.PersonDetector { return &detecttest.Fake{} })
	})
}
