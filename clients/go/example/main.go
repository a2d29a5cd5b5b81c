// Usage: WRITE_URL=… go run ./example SOURCE [BATCHES [PATIENCE]], in seconds.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"pgha/logs"
)

func main() {
	ctx := context.Background()
	source, err := logs.Open(ctx, os.Getenv("WRITE_URL"), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	batches, patience, written := argument(2, 1), time.Duration(argument(3, 600))*time.Second, 0
	for first := 0; first < batches*1000; first += 1000 {
		rows := make([]logs.Row, 1000)
		for n := range rows {
			metadata := map[string]any{"n": first + n}
			rows[n] = logs.Row{AppName: os.Args[1], Level: "info", Message: fmt.Sprint("row ", first+n), Metadata: metadata, CreatedAt: time.Now()}
		}
		tried, cancel := context.WithTimeout(ctx, patience)
		err := source.Write(tried, rows)
		cancel()
		if errors.Is(err, logs.ErrTakenOver) {
			log.Fatal(err)
		} else if err != nil {
			log.Printf("rows from %d: %v", first, err)
		} else {
			written += 1000
		}
	}
	fmt.Printf("wrote %d rows, batch %d\n", written, source.Batch())
}

func argument(index, standard int) int {
	if len(os.Args) <= index {
		return standard
	}
	value, err := strconv.Atoi(os.Args[index])
	if err != nil {
		log.Fatal(err)
	}
	return value
}
