// Usage: WRITE_URL=… go run ./example SOURCE
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"pgha/logs"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	source, err := logs.Open(ctx, os.Getenv("WRITE_URL"), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	rows := make([]logs.Row, 1000)
	for n := range rows {
		rows[n] = logs.Row{AppName: os.Args[1], Level: "info", Message: fmt.Sprint("row ", n), Metadata: map[string]any{"n": n}, CreatedAt: time.Now()}
	}
	if err := source.Write(ctx, rows); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("wrote %d rows, batch %d\n", len(rows), source.Batch())
}
