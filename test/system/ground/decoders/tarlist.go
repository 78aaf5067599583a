// Tells every entry of a tar as Go's archive/tar reads it, as JSON. Argument: FILE.
package main

import (
	"archive/tar"
	"encoding/json"
	"io"
	"os"
	"strings"
)

type told struct {
	Name   string            `json:"name"`
	Type   string            `json:"type"`
	Mode   int64             `json:"mode"`
	Uid    int               `json:"uid"`
	Gid    int               `json:"gid"`
	Mtime  int64             `json:"mtime"`
	Size   int64             `json:"size"`
	Link   string            `json:"link"`
	Xattrs map[string][]byte `json:"xattrs"`
}

var types = map[byte]string{
	tar.TypeReg: "file", tar.TypeDir: "directory", tar.TypeSymlink: "symlink", tar.TypeLink: "hardlink",
}

func main() {
	file, err := os.Open(os.Args[1])
	check(err)
	all := []told{}
	for archive := tar.NewReader(file); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		check(err)
		xattrs := map[string][]byte{}
		for key, value := range header.PAXRecords {
			if name, found := strings.CutPrefix(key, "SCHILY.xattr."); found {
				xattrs[name] = []byte(value)
			}
		}
		name := strings.TrimSuffix(header.Name, "/")
		all = append(all, told{
			name, types[header.Typeflag], header.Mode, header.Uid, header.Gid, header.ModTime.Unix(), header.Size, header.Linkname, xattrs,
		})
	}
	check(json.NewEncoder(os.Stdout).Encode(all))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
