package org.memarium.cpu.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.memarium.cpu.CpuModel;
import org.memarium.cpu.Disassembler;
import org.memarium.cpu.InstructionForm;
import org.memarium.cpu.InstructionSet;
import org.memarium.cpu.Operation;
import org.opentest4j.TestAbortedException;

/** The forms of MMX, SSE and SSE2 with random operands, as text, beside objdump's. */
class DisassemblyWitnessTest {
  private static final int CASES = 10;
  private static final long SEED = Long.getLong("memarium.witness.seed", 1);

  /** An instruction of objdump: address, bytes, text. */
  private static final Pattern LINE =
      Pattern.compile("\\s*([0-9a-f]+):\\t((?:[0-9a-f]{2} )+)\\s*\\t(.*)");

  private static final Pattern PREDICATE =
      Pattern.compile("cmp(eq|lt|le|unord|neq|nlt|nle|ord)(ps|pd|ss|sd) (.*)");

  private static final List<String> PREDICATES =
      List.of("eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord");

  @Test
  void textIsThatOfObjdump() throws IOException, InterruptedException {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    List<String> ours = new ArrayList<>();
    Disassembler disassembler = new Disassembler(true);
    for (InstructionForm form : InstructionSet.all()) {
      // Of the fences objdump knows but one of eight encodings that processors know.
      if (form.model() != CpuModel.PENTIUM4 || form.operation() == Operation.NOP) {
        continue;
      }
      CaseGenerator generator = new CaseGenerator(SEED + ours.size());
      int found = 0;
      while (found < CASES) {
        byte[] bytes = generator.next(form).code;
        // Segment and address prefixes are printed in many ways, and have nothing to do with it.
        if (hasOtherPrefix(bytes)) {
          continue;
        }
        found++;
        Disassembler.Line line = disassembler.disassemble(bytes, 0, 0);
        ours.add(line == null ? "?" : line.text());
        code.writeBytes(bytes);
      }
    }
    assertEquals(String.join("\n", ours), String.join("\n", objdump(code.toByteArray())));
  }

  private static boolean hasOtherPrefix(byte[] code) {
    int at = 0;
    int choosing = 0;
    while (Exclusions.PREFIXES.contains(code[at] & 0xff)) {
      int prefix = code[at++] & 0xff;
      if (prefix != 0x66 && prefix != 0xf2 && prefix != 0xf3) {
        return true;
      }
      choosing++;
    }
    return choosing > 1;
  }

  private static List<String> objdump(byte[] code) throws IOException, InterruptedException {
    Path file = Files.createTempFile(Path.of("target"), "disassembly", null);
    try {
      Files.write(file, code);
      Process process;
      try {
        process =
            new ProcessBuilder(
                    "objdump",
                    "-D",
                    "-w",
                    "-b",
                    "binary",
                    "-m",
                    "i386",
                    "-M",
                    "intel",
                    file.toString())
                .start();
      } catch (IOException missing) {
        throw new TestAbortedException("objdump is missing", missing);
      }
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor());
      List<String> lines = new ArrayList<>();
      for (String line : text.split("\n", -1)) {
        Matcher matcher = LINE.matcher(line);
        if (matcher.matches()) {
          lines.add(inOurWords(matcher.group(3).strip()));
        }
      }
      return lines;
    } finally {
      Files.delete(file);
    }
  }

  /** The few signs in which objdump has another taste. */
  private static String inOurWords(String text) {
    String words = text.replaceAll("\\s+", " ").replace(",", ", ");
    for (Map.Entry<String, String> size :
        Map.of("XMMWORD PTR", "xmmword ptr", "QWORD PTR", "qword ptr", "DWORD PTR", "dword ptr")
            .entrySet()) {
      words = words.replace(size.getKey(), size.getValue());
    }
    words = words.replace("WORD PTR", "word ptr").replace("BYTE PTR", "byte ptr");
    words = words.replaceAll("\\bds:(0x[0-9a-f]+)", "[$1]").replace("*1", "");
    // No index at all, and a displacement of nothing.
    words = words.replaceAll("\\[eiz(\\*[248])?\\+", "[").replaceAll("\\+eiz(\\*[248])?", "");
    words = words.replace("+0x0]", "]");
    Matcher matcher = PREDICATE.matcher(words);
    if (matcher.matches()) {
      int number = PREDICATES.indexOf(matcher.group(1));
      words = "cmp%s %s, 0x%x".formatted(matcher.group(2), matcher.group(3), number);
    }
    return words;
  }
}
