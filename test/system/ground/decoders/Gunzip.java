import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;

/** Decompresses a gzip stream from standard input with java.util.zip and prints the SHA-256 of what comes out. */
public class Gunzip {
  public static void main(String[] args) throws Exception {
    MessageDigest hash = MessageDigest.getInstance("SHA-256");
    new DigestInputStream(new GZIPInputStream(System.in), hash).transferTo(java.io.OutputStream.nullOutputStream());
    System.out.println(HexFormat.of().formatHex(hash.digest()));
  }
}
