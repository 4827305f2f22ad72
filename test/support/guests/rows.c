/* A WASI preview 1 command as clang and wasi-libc make it: the same as rows.go, by C's library.
   clang --target=wasm32-wasi -Oz -s rows.c -o rows.wasm */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long length(int fd) {
  char piece[4096];
  long total = 0;
  for (ssize_t got; (got = read(fd, piece, sizeof piece)) > 0;) total += got;
  return total;
}

int main(void) {
  DIR *root = opendir("/");
  if (root == NULL) return 1;
  printf("{\"files\":{");
  int first = 1;
  for (struct dirent *entry; (entry = readdir(root)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char path[300] = "/";
    strncat(path, entry->d_name, 280);
    struct stat stat_of;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || stat(path, &stat_of) != 0) return 2;
    long read_from_start = length(fd);
    if (read_from_start != stat_of.st_size) return 3;
    /* Again from its middle. */
    if (lseek(fd, stat_of.st_size / 2, SEEK_SET) < 0) return 4;
    if (length(fd) != stat_of.st_size - stat_of.st_size / 2) return 5;
    close(fd);
    printf("%s\"%s\":%ld", first ? "" : ",", entry->d_name, read_from_start);
    first = 0;
  }
  closedir(root);
  int refused = open("/etc/passwd", O_RDONLY) < 0 && open("../etc/passwd", O_RDONLY) < 0 &&
                open("/arguments.json", O_RDWR) < 0 && open("/new", O_CREAT | O_WRONLY, 0600) < 0 &&
                mkdir("/here", 0700) < 0 && unlink("/arguments.json") < 0;
  printf("},\"refused\":%s,\"input\":%ld}", refused ? "true" : "false", length(0));
  return 0;
}
