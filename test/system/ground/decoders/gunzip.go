// Decompresses a gzip stream from standard input with Go's own compress/gzip, and walks the tar in it with archive/tar.
package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
)

func main() {
	unzipped, err := gzip.NewReader(os.Stdin)
	if err != nil {
		panic(err)
	}
	hash := sha256.New()
	bytes := io.TeeReader(unzipped, hash)
	for archive := tar.NewReader(bytes); ; {
		if _, err := archive.Next(); err == io.EOF {
			break
		} else if err != nil {
			panic(err)
		}
	}
	if _, err := io.Copy(io.Discard, bytes); err != nil {
		panic(err)
	}
	fmt.Printf("%x\n", hash.Sum(nil))
}
