import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.visualsnoop.ApiClient;
import com.visualsnoop.ApiException;
import com.visualsnoop.JSON;
import com.visualsnoop.Signer;
import com.visualsnoop.api.CollectionApi;
import com.visualsnoop.api.DuplicatesApi;
import com.visualsnoop.api.ImagesApi;
import com.visualsnoop.api.SearchApi;
import com.visualsnoop.model.ErrorBody;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;

/**
 * The client that OpenAPI Generator makes plays the scenario of the contract.
 *
 * <p>Arguments: endpoint, public key, secret key, folder of the contract, scenario.
 */
public final class Scenario {
    private final JsonObject saved = new JsonObject();
    private int passed;
    private int failed;

    public static void main(String[] arguments) throws IOException {
        String endpoint = arguments[0];
        String publicKey = arguments[1];
        String secretKey = arguments[2];
        Path spec = Paths.get(arguments[3]);
        Scenario scenario = new Scenario();
        scenario.checkSignatures(read(spec.resolve("signing-vectors.json")).getAsJsonArray());
        OkHttpClient connections = new OkHttpClient();
        for (JsonElement step : read(Paths.get(arguments[4])).getAsJsonObject().getAsJsonArray("calls")) {
            JsonObject call = step.getAsJsonObject();
            String key = call.has("secret_key") ? call.get("secret_key").getAsString() : secretKey;
            OkHttpClient signing =
                    connections.newBuilder().addInterceptor(new Signer(publicKey, key)).build();
            ApiClient client = new ApiClient(signing).setBasePath(endpoint);
            scenario.play(call, client, spec.resolve("pictures"));
        }
        System.out.println(scenario.passed + " passed, " + scenario.failed + " failed");
        System.exit(scenario.failed > 0 ? 1 : 0);
    }

    private void checkSignatures(JsonArray vectors) {
        for (JsonElement element : vectors) {
            JsonObject vector = element.getAsJsonObject();
            String signed = Signer.signature(
                    vector.get("secret_key").getAsString(),
                    vector.get("method").getAsString(),
                    HttpUrl.get(vector.get("url").getAsString()).encodedPath(),
                    vector.get("date").getAsString());
            List<String> differences = new ArrayList<>();
            compare(vector.get("signature"), new JsonPrimitive(signed), "signature", differences);
            report(vector.get("name").getAsString(), differences);
        }
    }

    private void play(JsonObject step, ApiClient client, Path pictures) {
        JsonObject expected = step.has("answer") ? step.getAsJsonObject("answer") : new JsonObject();
        expected.add("status", step.get("status"));
        JsonElement answer;
        int status = step.get("status").getAsInt();
        try {
            answer = JSON.getGson().toJsonTree(call(step, client, pictures));
        } catch (ApiException error) {
            status = error.getCode();
            answer = JSON.getGson()
                    .toJsonTree(JSON.deserialize(error.getResponseBody(), ErrorBody.class));
        }
        List<String> differences = new ArrayList<>();
        compare(step.get("status"), new JsonPrimitive(status), "HTTP status", differences);
        compare(filled(expected), answer, "answer", differences);
        report(step.get("name").getAsString(), differences);
        if (step.has("save")) {
            for (Map.Entry<String, JsonElement> entry : step.getAsJsonObject("save").entrySet()) {
                saved.add(entry.getKey(), answer.getAsJsonObject().get(entry.getValue().getAsString()));
            }
        }
    }

    private Object call(JsonObject step, ApiClient client, Path pictures) throws ApiException {
        JsonObject given = step.has("parameters") ? step.getAsJsonObject("parameters") : new JsonObject();
        JsonObject parameters = filled(given).getAsJsonObject();
        String imageId = string(parameters, "image_id");
        String otherId = string(parameters, "other_id");
        Integer count = parameters.has("count") ? parameters.get("count").getAsInt() : null;
        Integer offset = parameters.has("offset") ? parameters.get("offset").getAsInt() : null;
        Double minScore = parameters.has("min_score") ? parameters.get("min_score").getAsDouble() : null;
        File picture =
                step.has("picture") ? pictures.resolve(step.get("picture").getAsString()).toFile() : null;
        ImagesApi images = new ImagesApi(client);
        SearchApi search = new SearchApi(client);
        DuplicatesApi duplicates = new DuplicatesApi(client);
        switch (step.get("operation").getAsString()) {
            case "getCollection":
                return new CollectionApi(client).getCollection(string(parameters, "session"));
            case "addImage":
                return images.addImage(picture);
            case "addImageWithId":
                return images.addImageWithId(imageId, picture);
            case "addOrReplaceImage":
                return images.addOrReplaceImage(imageId, picture);
            case "getImage":
                return images.getImage(imageId);
            case "getThumbnail":
                return images.getThumbnail(imageId);
            case "deleteImage":
                return images.deleteImage(imageId);
            case "listImages":
                return images.listImages(string(parameters, "start"), count);
            case "searchImages":
                return search.searchImages(picture, count, minScore, offset, null);
            case "searchImagesById":
                return search.searchImagesById(imageId, count, minScore, offset);
            case "compareImage":
                return search.compareImage(imageId, picture);
            case "compareImagesById":
                return search.compareImagesById(imageId, otherId);
            case "listDuplicates":
                return duplicates.listDuplicates(minScore, count, offset);
            case "setNotDuplicates":
                return duplicates.setNotDuplicates(imageId, otherId);
            case "unsetNotDuplicates":
                return duplicates.unsetNotDuplicates(imageId, otherId);
            default:
                throw new IllegalArgumentException(step.toString());
        }
    }

    private static String string(JsonObject parameters, String name) {
        return parameters.has(name) ? parameters.get(name).getAsString() : null;
    }

    /** A value of the scenario with what was saved in it. */
    private JsonElement filled(JsonElement value) {
        if (value.isJsonArray()) {
            JsonArray items = new JsonArray();
            value.getAsJsonArray().forEach(item -> items.add(filled(item)));
            return items;
        }
        if (!value.isJsonObject()) {
            return value;
        }
        JsonObject fields = new JsonObject();
        for (Map.Entry<String, JsonElement> field : value.getAsJsonObject().entrySet()) {
            if (field.getKey().equals("$saved")) {
                return saved.get(field.getValue().getAsString());
            }
            fields.add(field.getKey(), filled(field.getValue()));
        }
        return fields;
    }

    /** Tells where a value has not at least the fields, and exactly the items, expected. */
    private static void compare(
            JsonElement expected, JsonElement actual, String place, List<String> differences) {
        JsonElement value = actual == null ? JsonNull.INSTANCE : actual;
        if (expected.isJsonObject() && expected.getAsJsonObject().has("$at_least")) {
            double least = expected.getAsJsonObject().get("$at_least").getAsDouble();
            if (!value.isJsonPrimitive() || value.getAsDouble() < least) {
                differences.add(place + " is " + value);
            }
        } else if (expected.isJsonObject() && value.isJsonObject()) {
            for (Map.Entry<String, JsonElement> field : expected.getAsJsonObject().entrySet()) {
                JsonElement part = value.getAsJsonObject().get(field.getKey());
                compare(field.getValue(), part, place + "." + field.getKey(), differences);
            }
        } else if (expected.isJsonArray()
                && value.isJsonArray()
                && value.getAsJsonArray().size() == expected.getAsJsonArray().size()) {
            for (int number = 0; number < expected.getAsJsonArray().size(); number++) {
                JsonElement part = value.getAsJsonArray().get(number);
                String itsPlace = place + "[" + number + "]";
                compare(expected.getAsJsonArray().get(number), part, itsPlace, differences);
            }
        } else if (!expected.equals(value)) {
            differences.add(place + " is " + value + ", not " + expected);
        }
    }

    private void report(String name, List<String> differences) {
        if (differences.isEmpty()) {
            passed++;
            return;
        }
        failed++;
        System.out.println("FAILED  " + name + ": " + String.join("; ", differences));
    }

    private static JsonElement read(Path file) throws IOException {
        return JsonParser.parseString(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    }
}
