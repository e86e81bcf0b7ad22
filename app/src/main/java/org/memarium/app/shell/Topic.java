package org.memarium.app.shell;

import java.util.List;

/** What commands are about; {@code help TOPIC} prints the text and the commands. */
enum Topic {
  PAGES(
      "pages",
      "page frames and the buddy allocator",
      """
      RAM is cut into page frames of 4 KiB, numbered from 0: the page frame number, pfn. The buddy
      allocator hands out blocks of 2^ORDER frames; a block that comes back merges with its buddy,
      the neighbour that it was once split from, as long as that is free too.

      GFP says what an allocation may do and where it may come from, by Linux's names joined with |:
      GFP_KERNEL (the default), GFP_ATOMIC, GFP_USER, GFP_HIGHUSER_MOVABLE, __GFP_ZERO, __GFP_DMA ...
      """),
  SLABS(
      "slabs",
      "kmem caches and kmalloc: small objects cut from pages",
      """
      A kmem cache holds objects of one size. It takes blocks of pages, slabs, from the buddy
      allocator and cuts them up; free objects are chained through their own first bytes. kmalloc
      picks the cache whose size is next: kmalloc-8, kmalloc-16, ... Larger requests are pages.
      Addresses are linear, in the direct map: x and poke reach them.
      """),
  VMALLOC(
      "vmalloc",
      "memory that is contiguous in linear addresses only",
      """
      vmalloc takes single pages from anywhere and maps them one after another above high_memory,
      with a guard page behind. kmap lends a page of high memory an address for a while. Both change
      the kernel's page table, init_mm; a process's own table picks it up by a fault.
      """),
  PROGRAMS(
      "programs",
      "running programs, and looking at their memory",
      """
      run starts a 32-bit Linux program in the foreground, with its output here. It ends, or stops:
      after so many instructions (--until), or when you press Ctrl-C. While it stands still, its
      memory can be looked at: maps, smaps, translate, x. continue lets it go on, kill ends it.
      PID is 100 for the first program, 101 for the next; without it, the one that is there.
      """),
  MEMORY(
      "memory",
      "looking at bytes, and changing them",
      """
      Addresses are linear: below PAGE_OFFSET the program's, above it the kernel's. x reads as the
      page tables stand: it brings no page in and sets no bit. poke and write act as the processor
      would, and may fault pages in.

      x/COUNT FORMAT SIZE, as in gdb: FORMAT is x hex, d decimal, u unsigned, o octal, t binary,
      c characters, s string, i instructions, a address; SIZE is b 1, h 2, w 4, g 8 bytes.
      Registers are symbols while a program stands still: x/4i eip, x/8xw esp.
      """),
  VIEWS(
      "views",
      "the whole machine: /proc, settings, audit, trace",
      """
      Every view that Linux has in /proc is made from the live counters when it is read. audit counts
      everything again from scratch and says where a counter is wrong.
      """),
  SHELL(
      "shell",
      "the shell itself",
      """
      A line is a command and its arguments. Numbers are decimal, 0x hex, with K M G for powers of
      1024; symbols and sums work wherever a number does. let NAME = COMMAND keeps what a command
      found, and $NAME is it:

        let p = kmalloc 64
        write $p "hello"
        x/s $p
        kfree $p

      'text' stands as it is, "text" with $NAME replaced, and # begins a comment.
      """);

  private final String word;
  private final String title;
  private final String text;

  Topic(String word, String title, String text) {
    this.word = word;
    this.title = title;
    this.text = text;
  }

  /** As the user writes it. */
  String word() {
    return word;
  }

  String title() {
    return title;
  }

  /** A few sentences, in lines. */
  List<String> text() {
    return text.lines().toList();
  }
}
