package org.memarium.kernel.tty;

import java.io.ByteArrayOutputStream;
import java.util.BitSet;

/**
 * {@code N_TTY}: what lies between what is typed and what a program reads: lines with their
 * editing, echo, signals; Linux {@code drivers/tty/n_tty.c}.
 *
 * <pre>
 *   readTail ......... canonHead ............ readHead        counts that only grow;
 *     whole lines: to be read   a line that is typed          place in the buffer = count % 4096
 * </pre>
 */
final class LineDiscipline {
  /** {@code N_TTY_BUF_SIZE}. */
  static final int BUFFER_BYTES = 4096;

  /** {@code __DISABLED_CHAR}: no character; in the buffer, the end of a file. */
  private static final int DISABLED = 0;

  private static final int TAB_COLUMNS = 8;

  private final Termios termios;
  private final Tty tty;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  /** Places in the buffer where a line ends. */
  private final BitSet lineEnds = new BitSet(BUFFER_BYTES);

  private int readHead;
  private int canonHead;
  private int readTail;

  /** The next character is taken as it is: VLNEXT was typed. */
  private boolean literal;

  // ---- Output: where the cursor is, and what waits while output stands still ----
  private int column;
  private int canonColumn;
  private final ByteArrayOutputStream echoes = new ByteArrayOutputStream();

  LineDiscipline(Termios termios, Tty tty) {
    this.termios = termios;
    this.tty = tty;
  }

  private boolean isCanonical() {
    return termios.isLocal(Termios.ICANON);
  }

  // ---- Reading ----

  /** {@code input_available_p}: whether a read has something; as poll asks, VMIN bytes of it. */
  boolean isInputAvailable(boolean forPoll) {
    if (isCanonical()) {
      return canonHead != readTail;
    }
    int minimum = termios.character(Termios.VMIN);
    boolean waitsForMany = forPoll && termios.character(Termios.VTIME) == 0 && minimum > 0;
    return readHead - readTail >= (waitsForMany ? minimum : 1);
  }

  /** FIONREAD: bytes that a read could take; of lines, without those that end a file. */
  int inputBytes() {
    if (!isCanonical()) {
      return readHead - readTail;
    }
    int bytes = 0;
    for (int i = readTail; i != canonHead; i++) {
      boolean endOfFile = lineEnds.get(place(i)) && buffer[place(i)] == DISABLED;
      bytes += endOfFile ? 0 : 1;
    }
    return bytes;
  }

  /**
   * Takes what is there: of lines at most one.
   *
   * @return how many bytes; 0 also for the end of a file that was typed
   */
  int read(byte[] to, int offset, int count) {
    return isCanonical() ? readLine(to, offset, count) : readBytes(to, offset, count);
  }

  private int readBytes(byte[] to, int offset, int count) {
    int bytes = Math.min(count, readHead - readTail);
    for (int i = 0; i < bytes; i++) {
      lineEnds.clear(place(readTail));
      to[offset + i] = buffer[place(readTail++)];
    }
    return bytes;
  }

  private int readLine(byte[] to, int offset, int count) {
    int done = 0;
    while (readTail != canonHead) {
      int at = place(readTail);
      boolean ends = lineEnds.get(at);
      if (ends && buffer[at] == DISABLED) {
        lineEnds.clear(at);
        readTail++;
        break;
      }
      if (done == count) {
        break;
      }
      lineEnds.clear(at);
      to[offset + done++] = buffer[at];
      readTail++;
      if (ends) {
        break;
      }
    }
    return done;
  }

  /** TCIFLUSH: what was typed and not read is forgotten. */
  void flushInput() {
    readHead = 0;
    canonHead = 0;
    readTail = 0;
    lineEnds.clear();
    literal = false;
  }

  /**
   * {@code n_tty_set_termios}: between lines and bytes, what is typed already changes its kind with
   * the mode.
   */
  void modeChanged(boolean wasCanonical) {
    if (wasCanonical == isCanonical()) {
      return;
    }
    lineEnds.clear();
    if (isCanonical() && readHead != readTail) {
      // What is there counts as a line.
      canonHead = readHead;
      lineEnds.set(place(readHead - 1));
    } else {
      canonHead = readTail;
    }
    if (!isCanonical()) {
      literal = false;
    }
  }

  private static int place(int count) {
    return count & BUFFER_BYTES - 1;
  }

  // ---- What is typed ----

  /** How many bytes it takes: lines have room for one that is typed, or lose its end. */
  int room() {
    int free = BUFFER_BYTES - 1 - (readHead - readTail);
    boolean mustTake = isCanonical() && canonHead == readTail;
    return free > 0 || !mustTake ? Math.max(free, 0) : 1;
  }

  /** {@code n_tty_receive_char} and its kin: one byte was typed. */
  void receive(byte typed) {
    int c = typed & (termios.isInput(Termios.ISTRIP) ? 0x7f : 0xff);
    if (literal) {
      literal = false;
      ordinary(c);
      return;
    }
    if (!control(c) && !edit(c)) {
      ordinary(c);
    }
  }

  private boolean is(int c, int character) {
    return c != DISABLED && c == termios.character(character);
  }

  /** Flow control and signals; whether that was all. */
  private boolean control(int c) {
    if (termios.isInput(Termios.IXON)) {
      if (is(c, Termios.VSTART)) {
        tty.start();
        return true;
      }
      if (is(c, Termios.VSTOP)) {
        tty.stop();
        return true;
      }
    }
    if (termios.isLocal(Termios.ISIG)) {
      int signal =
          is(c, Termios.VINTR)
              ? Tty.SIGINT
              : is(c, Termios.VQUIT) ? Tty.SIGQUIT : is(c, Termios.VSUSP) ? Tty.SIGTSTP : 0;
      if (signal != 0) {
        signal(signal, c);
        return true;
      }
    }
    if (tty.isStopped() && termios.isInput(Termios.IXON) && termios.isInput(Termios.IXANY)) {
      tty.start();
    }
    return false;
  }

  /** {@code n_tty_receive_signal_char}. */
  private void signal(int signal, int c) {
    if (!termios.isLocal(Termios.NOFLSH)) {
      flushInput();
      echoes.reset();
    }
    tty.signalForeground(signal);
    if (termios.isInput(Termios.IXON)) {
      tty.start();
    }
    if (termios.isLocal(Termios.ECHO)) {
      echo(c);
      processEchoes();
    }
  }

  /** Returns, and the editing of a line; whether that was all. */
  private boolean edit(int typed) {
    int c = typed;
    if (c == '\r') {
      if (termios.isInput(Termios.IGNCR)) {
        return true;
      }
      c = termios.isInput(Termios.ICRNL) ? '\n' : c;
    } else if (c == '\n' && termios.isInput(Termios.INLCR)) {
      c = '\r';
    }
    boolean extended = termios.isLocal(Termios.IEXTEN);
    if (isCanonical()) {
      if (is(c, Termios.VERASE) || is(c, Termios.VKILL) || (is(c, Termios.VWERASE) && extended)) {
        erase(c);
        processEchoes();
        return true;
      }
      if (is(c, Termios.VLNEXT) && extended) {
        literal = true;
        if (termios.isLocal(Termios.ECHO) && termios.isLocal(Termios.ECHOCTL)) {
          echoRaw('^');
          echoRaw('\b');
          processEchoes();
        }
        return true;
      }
      if (is(c, Termios.VREPRINT) && extended && termios.isLocal(Termios.ECHO)) {
        reprint(c);
        return true;
      }
      if (c == '\n') {
        if (termios.isLocal(Termios.ECHO) || termios.isLocal(Termios.ECHONL)) {
          echoRaw('\n');
          processEchoes();
        }
        endLine('\n');
        return true;
      }
      if (is(c, Termios.VEOF)) {
        endLine(DISABLED);
        return true;
      }
      if (is(c, Termios.VEOL) || (is(c, Termios.VEOL2) && extended)) {
        echoTyped(c);
        endLine(c);
        return true;
      }
    }
    if (c == typed) {
      return false;
    }
    // A return that became another character is echoed as what it became.
    if (termios.isLocal(Termios.ECHO)) {
      if (c == '\n') {
        echoRaw('\n');
      } else {
        echo(c);
      }
      processEchoes();
    }
    put(c);
    return true;
  }

  private void ordinary(int c) {
    echoTyped(c);
    put(c);
  }

  private void echoTyped(int c) {
    if (termios.isLocal(Termios.ECHO)) {
      if (canonHead == readHead) {
        canonColumn = column;
      }
      echo(c);
      processEchoes();
    }
  }

  private void put(int c) {
    if (readHead - readTail >= BUFFER_BYTES - 1) {
      // Nobody could end the line any more: its end is lost.
      if (termios.isInput(Termios.IMAXBEL)) {
        echoRaw(7);
        processEchoes();
      }
      return;
    }
    buffer[place(readHead++)] = (byte) c;
    if (!isCanonical()) {
      tty.inputArrived();
    }
  }

  private void endLine(int c) {
    if (readHead - readTail >= BUFFER_BYTES) {
      return;
    }
    lineEnds.set(place(readHead));
    buffer[place(readHead++)] = (byte) c;
    canonHead = readHead;
    tty.inputArrived();
  }

  private void reprint(int c) {
    echo(c);
    echoRaw('\n');
    for (int i = canonHead; i != readHead; i++) {
      echo(buffer[place(i)] & 0xff);
    }
    processEchoes();
  }

  // ---- Erasing ----

  private boolean isContinuation(int c) {
    return termios.isInput(Termios.IUTF8) && (c & 0xc0) == 0x80;
  }

  /** {@code eraser}: a character, a word, or the line. */
  private void erase(int c) {
    if (readHead == canonHead) {
      return;
    }
    boolean echo = termios.isLocal(Termios.ECHO);
    boolean character = is(c, Termios.VERASE);
    boolean word = !character && is(c, Termios.VWERASE);
    if (!character && !word) {
      boolean wiped =
          termios.isLocal(Termios.ECHOK)
              && termios.isLocal(Termios.ECHOKE)
              && termios.isLocal(Termios.ECHOE);
      if (!echo || !wiped) {
        readHead = canonHead;
        if (echo) {
          echo(termios.character(Termios.VKILL));
          if (termios.isLocal(Termios.ECHOK)) {
            echoRaw('\n');
          }
        }
        return;
      }
    }
    boolean inWord = false;
    while (readHead != canonHead) {
      int head = readHead;
      int erased;
      do {
        erased = buffer[place(--head)] & 0xff;
      } while (isContinuation(erased) && head != canonHead);
      if (isContinuation(erased)) {
        break;
      }
      if (word) {
        boolean letter = Character.isLetterOrDigit(erased) || erased == '_';
        if (inWord && !letter) {
          break;
        }
        inWord |= letter;
      }
      readHead = head;
      if (echo) {
        echoErased(erased, character);
      }
      if (character) {
        break;
      }
    }
  }

  private void echoErased(int erased, boolean character) {
    if (character && !termios.isLocal(Termios.ECHOE)) {
      echo(termios.character(Termios.VERASE));
    } else if (erased == '\t') {
      eraseTab();
    } else {
      boolean control = isControl(erased);
      if (control && termios.isLocal(Termios.ECHOCTL)) {
        eraseOne();
      }
      if (!control || termios.isLocal(Termios.ECHOCTL)) {
        eraseOne();
      }
    }
  }

  private void eraseOne() {
    echoRaw('\b');
    echoRaw(' ');
    echoRaw('\b');
  }

  /** Back to where the tab began, which is where what stands before it ends. */
  private void eraseTab() {
    int columns = 0;
    boolean afterTab = false;
    for (int i = readHead; i != canonHead && !afterTab; ) {
      int c = buffer[place(--i)] & 0xff;
      if (c == '\t') {
        afterTab = true;
      } else if (isControl(c)) {
        columns += termios.isLocal(Termios.ECHOCTL) ? 2 : 0;
      } else if (!isContinuation(c)) {
        columns++;
      }
    }
    if (!afterTab) {
      columns += canonColumn;
    }
    int back = TAB_COLUMNS - (columns & TAB_COLUMNS - 1);
    for (int i = 0; i < back; i++) {
      echoRaw('\b');
    }
  }

  private static boolean isControl(int c) {
    return c < ' ' || c == 0x7f;
  }

  // ---- Echo and output ----

  private void echo(int c) {
    if (termios.isLocal(Termios.ECHOCTL) && isControl(c) && c != '\t') {
      echoes.write('^');
      echoes.write(c ^ 0x40);
    } else {
      echoes.write(c);
    }
  }

  private void echoRaw(int c) {
    echoes.write(c);
  }

  /** What waits to be echoed goes out, unless output stands still. */
  void processEchoes() {
    if (tty.isStopped() || echoes.size() == 0) {
      return;
    }
    byte[] waiting = echoes.toByteArray();
    echoes.reset();
    ByteArrayOutputStream out = new ByteArrayOutputStream(waiting.length);
    for (byte c : waiting) {
      post(c & 0xff, out);
    }
    tty.putOutput(out.toByteArray(), 0, out.size());
  }

  /** {@code do_output_char}: what one byte of output becomes. */
  void post(int c, ByteArrayOutputStream out) {
    if (!termios.isOutput(Termios.OPOST)) {
      out.write(c);
      return;
    }
    switch (c) {
      case '\n' -> {
        if (termios.isOutput(Termios.ONLRET)) {
          column = 0;
        }
        if (termios.isOutput(Termios.ONLCR)) {
          column = 0;
          out.write('\r');
        }
        canonColumn = column;
        out.write('\n');
      }
      case '\r' -> {
        if (termios.isOutput(Termios.ONOCR) && column == 0) {
          return;
        }
        boolean toNewline = termios.isOutput(Termios.OCRNL);
        if (!toNewline || termios.isOutput(Termios.ONLRET)) {
          column = 0;
          canonColumn = 0;
        }
        out.write(toNewline ? '\n' : '\r');
      }
      case '\t' -> {
        int spaces = TAB_COLUMNS - (column & TAB_COLUMNS - 1);
        column += spaces;
        if ((termios.oflag & Termios.TABDLY) == Termios.TABDLY) {
          for (int i = 0; i < spaces; i++) {
            out.write(' ');
          }
        } else {
          out.write('\t');
        }
      }
      case '\b' -> {
        column -= column > 0 ? 1 : 0;
        out.write(c);
      }
      default -> {
        if (!isControl(c) && !isContinuation(c)) {
          column++;
        }
        boolean upper = termios.isOutput(Termios.OLCUC);
        out.write(upper && c >= 'a' && c <= 'z' ? c - 0x20 : c);
      }
    }
  }
}
