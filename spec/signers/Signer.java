package com.visualsnoop;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Locale;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/** Signs requests: the last interceptor of an OkHttpClient. */
public final class Signer implements Interceptor {
    private static final DateTimeFormatter HTTP_DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US);

    private final String publicKey;
    private final String secretKey;

    public Signer(String publicKey, String secretKey) {
        this.publicKey = publicKey;
        this.secretKey = secretKey;
    }

    /** The signature of a request, as base64. */
    public static String signature(String secretKey, String method, String path, String date) {
        String message = method.toUpperCase(Locale.ROOT) + "\n" + path + "\n" + date;
        try {
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(secretKey.trim().getBytes(StandardCharsets.UTF_8), "HmacSHA1"));
            byte[] signed = mac.doFinal(message.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(signed);
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        String date = request.header("Date");
        if (date == null) {
            date = HTTP_DATE.format(ZonedDateTime.now(ZoneOffset.UTC));
        }
        String path = request.url().encodedPath();
        String signed = signature(secretKey, request.method(), path, date);
        return chain.proceed(request.newBuilder()
                .header("Date", date)
                .header("Authorization", "VSHMAC " + publicKey + ":" + signed)
                .header("X-Visualsnoop-Client-Version", "my-client/1.0")
                .build());
    }
}
