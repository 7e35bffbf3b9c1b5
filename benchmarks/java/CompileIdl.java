import java.io.File;
import java.io.PrintWriter;
import org.apache.avro.compiler.idl.Idl;

/** Compiles each IDL file of a folder to JSON with Apache's own compiler: the rival of `avrogen compile`. */
public class CompileIdl {
  public static void main(String[] arguments) throws Exception {
    File output = new File(arguments[1]);
    output.mkdirs();
    for (File file : new File(arguments[0]).listFiles()) {
      try (Idl idl = new Idl(file);
          PrintWriter writer = new PrintWriter(new File(output, file.getName() + ".avpr"), "UTF-8")) {
        writer.print(idl.CompilationUnit().toString(true));
      }
    }
  }
}
