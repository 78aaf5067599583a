import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.Deflater;

/** Deflates every file of a folder with java.util.zip in many ways: OUT/WAY/FILE is the raw stream. Arguments: FOLDER OUT. */
public class Deflate {
  static final int CHUNK = 10_000;

  /** Level, strategy, flush after each chunk. */
  static final int[][] WAYS = {
    {0, Deflater.DEFAULT_STRATEGY, Deflater.NO_FLUSH},
    {1, Deflater.DEFAULT_STRATEGY, Deflater.NO_FLUSH},
    {6, Deflater.DEFAULT_STRATEGY, Deflater.NO_FLUSH},
    {9, Deflater.DEFAULT_STRATEGY, Deflater.NO_FLUSH},
    {6, Deflater.FILTERED, Deflater.NO_FLUSH},
    {6, Deflater.HUFFMAN_ONLY, Deflater.NO_FLUSH},
    {6, Deflater.DEFAULT_STRATEGY, Deflater.SYNC_FLUSH},
    {9, Deflater.FILTERED, Deflater.FULL_FLUSH},
  };

  public static void main(String[] args) throws Exception {
    List<Path> files;
    try (var listed = Files.list(Path.of(args[0]))) {
      files = listed.toList();
    }
    for (int[] way : WAYS) {
      Path out = Path.of(args[1], "java-" + way[0] + "-" + way[1] + "-" + way[2]);
      Files.createDirectories(out);
      for (Path file : files)
        Files.write(out.resolve(file.getFileName()), deflate(Files.readAllBytes(file), way[0], way[1], way[2]));
    }
  }

  static byte[] deflate(byte[] data, int level, int strategy, int flush) {
    Deflater deflater = new Deflater(level, true);
    deflater.setStrategy(strategy);
    var out = new ByteArrayOutputStream();
    byte[] buffer = new byte[1 << 16];
    for (int at = 0; at < data.length; at += CHUNK) {
      deflater.setInput(data, at, Math.min(CHUNK, data.length - at));
      int count;
      do {
        count = deflater.deflate(buffer, 0, buffer.length, flush);
        out.write(buffer, 0, count);
      } while (count == buffer.length || !deflater.needsInput());
    }
    deflater.finish();
    while (!deflater.finished()) out.write(buffer, 0, deflater.deflate(buffer));
    deflater.end();
    return out.toByteArray();
  }
}
