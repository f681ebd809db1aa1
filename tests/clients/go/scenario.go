// The client that oapi-codegen generates plays the scenario of the contract.
// Arguments: endpoint, public key, secret key, folder of the contract, scenario.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"example.com/upload/visualsnoop"
)

type object = map[string]any

type step struct {
	Name       string
	Operation  string
	SecretKey  string `json:"secret_key"`
	Parameters object
	Picture    string
	Status     int
	Answer     object
	Save       map[string]string
}

type vector struct {
	Name, Method, URL, Date, Signature string
	SecretKey                          string `json:"secret_key"`
}

var passed, failed int

func main() {
	endpoint, publicKey, ourSecretKey := os.Args[1], os.Args[2], os.Args[3]
	spec, scenario := os.Args[4], os.Args[5]

	var vectors []vector
	read(filepath.Join(spec, "signing-vectors.json"), &vectors)
	for _, vector := range vectors {
		path := must(url.Parse(vector.URL)).EscapedPath()
		signed := visualsnoop.Signature(vector.SecretKey, vector.Method, path, vector.Date)
		report(vector.Name, different(vector.Signature, signed, "signature"))
	}

	var played struct{ Calls []step }
	read(scenario, &played)
	saved := object{}
	for _, step := range played.Calls {
		secretKey := ourSecretKey
		if step.SecretKey != "" {
			secretKey = step.SecretKey
		}
		signer := visualsnoop.WithRequestEditorFn(visualsnoop.Signer(publicKey, secretKey))
		client := must(visualsnoop.NewClientWithResponses(endpoint, signer))
		step.Parameters = filled(step.Parameters, saved).(object)
		status, answer := call(client, step, filepath.Join(spec, "pictures", step.Picture))

		expected := object{"status": float64(step.Status)}
		for name, value := range step.Answer {
			expected[name] = value
		}
		report(step.Name, append(
			different(step.Status, status, "HTTP status"),
			different(filled(expected, saved), answer, "answer")...))
		for name, field := range step.Save {
			saved[name] = answer.(object)[field]
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

// call makes a call; the answer is the object of the client as JSON.
func call(client *visualsnoop.ClientWithResponses, step step, picture string) (int, any) {
	ctx := context.Background()
	imageID, _ := step.Parameters["image_id"].(string)
	otherID, _ := step.Parameters["other_id"].(string)
	const media = "application/octet-stream"
	var body io.Reader
	if step.Picture != "" {
		file := must(os.Open(picture))
		defer file.Close()
		body = file
	}
	switch step.Operation {
	case "getCollection":
		query := parameters[visualsnoop.GetCollectionParams](step)
		return answer(client.GetCollectionWithResponse(ctx, query))
	case "addImage":
		return answer(client.AddImageWithBodyWithResponse(ctx, media, body))
	case "addImageWithId":
		return answer(client.AddImageWithIdWithBodyWithResponse(ctx, imageID, media, body))
	case "addOrReplaceImage":
		return answer(client.AddOrReplaceImageWithBodyWithResponse(ctx, imageID, media, body))
	case "getImage":
		return answer(client.GetImageWithResponse(ctx, imageID))
	case "getThumbnail":
		return answer(client.GetThumbnailWithResponse(ctx, imageID))
	case "deleteImage":
		return answer(client.DeleteImageWithResponse(ctx, imageID))
	case "listImages":
		query := parameters[visualsnoop.ListImagesParams](step)
		return answer(client.ListImagesWithResponse(ctx, query))
	case "searchImages":
		query := parameters[visualsnoop.SearchImagesParams](step)
		return answer(client.SearchImagesWithBodyWithResponse(ctx, query, media, body))
	case "searchImagesById":
		query := parameters[visualsnoop.SearchImagesByIdParams](step)
		return answer(client.SearchImagesByIdWithResponse(ctx, imageID, query))
	case "compareImage":
		return answer(client.CompareImageWithBodyWithResponse(ctx, imageID, media, body))
	case "compareImagesById":
		return answer(client.CompareImagesByIdWithResponse(ctx, imageID, otherID))
	case "listDuplicates":
		query := parameters[visualsnoop.ListDuplicatesParams](step)
		return answer(client.ListDuplicatesWithResponse(ctx, query))
	case "setNotDuplicates":
		return answer(client.SetNotDuplicatesWithResponse(ctx, imageID, otherID))
	case "unsetNotDuplicates":
		return answer(client.UnsetNotDuplicatesWithResponse(ctx, imageID, otherID))
	}
	panic("no operation " + step.Operation)
}

func parameters[T any](step step) *T {
	query := new(T)
	check(json.Unmarshal(must(json.Marshal(step.Parameters)), query))
	return query
}

// answer takes the field of a response for its status, as JSON201 for 201.
func answer[T interface{ StatusCode() int }](response T, err error) (int, any) {
	check(err)
	field := fmt.Sprintf("JSON%d", response.StatusCode())
	typed := reflect.ValueOf(response).Elem().FieldByName(field)
	if !typed.IsValid() {
		return response.StatusCode(), nil
	}
	var body any
	check(json.Unmarshal(must(json.Marshal(typed.Interface())), &body))
	return response.StatusCode(), body
}

// filled gives a value of the scenario with what was saved in it.
func filled(value any, saved object) any {
	switch value := value.(type) {
	case []any:
		items := []any{}
		for _, item := range value {
			items = append(items, filled(item, saved))
		}
		return items
	case object:
		if name, ok := value["$saved"]; ok {
			return saved[name.(string)]
		}
		fields := object{}
		for name, field := range value {
			fields[name] = filled(field, saved)
		}
		return fields
	}
	return value
}

// different tells where a value has not at least the fields, and exactly the items, expected.
func different(expected, actual any, place string) (differences []string) {
	switch value := expected.(type) {
	case object:
		if least, ok := value["$at_least"]; ok {
			if number, ok := actual.(float64); ok && number >= least.(float64) {
				return nil
			}
			break
		}
		fields, _ := actual.(object)
		for name, field := range value {
			differences = append(differences, different(field, fields[name], place+"."+name)...)
		}
		return differences
	case []any:
		items, _ := actual.([]any)
		if len(items) != len(value) {
			break
		}
		for number, item := range value {
			itsPlace := fmt.Sprintf("%s[%d]", place, number)
			differences = append(differences, different(item, items[number], itsPlace)...)
		}
		return differences
	}
	if reflect.DeepEqual(expected, actual) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %v, not %v", place, actual, expected)}
}

func report(name string, differences []string) {
	if len(differences) == 0 {
		passed++
		return
	}
	failed++
	fmt.Printf("FAILED  %s: %s\n", name, strings.Join(differences, "; "))
}

func read(file string, into any) { check(json.Unmarshal(must(os.ReadFile(file)), into)) }

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
