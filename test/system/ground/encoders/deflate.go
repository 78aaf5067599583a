// Deflates every file of a folder with Go's compress/flate in all its ways: OUT/WAY/FILE is the raw stream. Arguments: FOLDER OUT.
package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"os"
	"path/filepath"
)

// Bytes between two flushes.
const chunk = 10_000

func main() {
	files, err := os.ReadDir(os.Args[1])
	check(err)
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		for _, flush := range []bool{false, true} {
			if flush && level%4 != 1 {
				continue
			}
			out := filepath.Join(os.Args[2], fmt.Sprintf("go%d-flush-%t", level, flush))
			check(os.MkdirAll(out, 0o755))
			for _, file := range files {
				data, err := os.ReadFile(filepath.Join(os.Args[1], file.Name()))
				check(err)
				check(os.WriteFile(filepath.Join(out, file.Name()), deflate(data, level, flush), 0o644))
			}
		}
	}
}

func deflate(data []byte, level int, flush bool) []byte {
	var out bytes.Buffer
	writer, err := flate.NewWriter(&out, level)
	check(err)
	for len(data) > 0 {
		count := min(chunk, len(data))
		_, err = writer.Write(data[:count])
		check(err)
		data = data[count:]
		if flush {
			check(writer.Flush())
		}
	}
	check(writer.Close())
	return out.Bytes()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
